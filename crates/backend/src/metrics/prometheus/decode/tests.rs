//! Answers as the stores send them, and answers they should not send.

use super::*;

fn labels<const N: usize>(pairs: [(&str, &str); N]) -> Labels {
    Labels::from_pairs(pairs)
}

#[test]
fn a_vector_with_warnings_is_read() {
    let body = br#"{"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"__name__":"up","job":"a\"b"},"value":[1700000000.5,"1"]},
        {"metric":{"__name__":"up","job":"c"},"value":[1700000000,"+Inf"]},
        {"metric":{},"value":[1700000000,"-1.5e-3"]}]},
        "warnings":["one shard is gone"],"infos":["x"]}"#;
    let instant = decode_instant(body).unwrap();
    assert_eq!(instant.warnings, ["one shard is gone"]);
    assert_eq!(
        instant.samples,
        [
            Sample { labels: labels([("__name__", "up"), ("job", "a\"b")]), value: 1.0 },
            Sample { labels: labels([("__name__", "up"), ("job", "c")]), value: f64::INFINITY },
            Sample { labels: labels([]), value: -0.0015 },
        ]
    );
}

#[test]
fn fields_may_come_in_any_order_and_unknown_ones_are_skipped() {
    let body =
        br#"{"data":{"stats":{"a":[1]},"result":[{"value":[1,"2"],"metric":{"a":"b"},"x":null}],"resultType":"vector"},
        "isPartial":false,"status":"success"}"#;
    assert_eq!(decode_instant(body).unwrap().samples, [Sample { labels: labels([("a", "b")]), value: 2.0 }]);
}

#[test]
fn scalars_are_samples_without_labels_and_strings_are_none() {
    let scalar = br#"{"status":"success","data":{"resultType":"scalar","result":[1700000000.781,"42"]}}"#;
    assert_eq!(decode_instant(scalar).unwrap().samples, [Sample { labels: labels([]), value: 42.0 }]);
    let text = br#"{"status":"success","data":{"resultType":"string","result":[1700000000,"hello"]}}"#;
    assert_eq!(decode_instant(text).unwrap().samples, []);
}

#[test]
fn a_matrix_is_read_and_histogram_samples_are_left_out() {
    let body = br#"{"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{"a":"1"},"values":[[10,"1"],[20.5,"NaN"]]},
        {"metric":{"a":"2"},"histograms":[[10,{"count":"1"}]]}]}}"#;
    let ranged = decode_range(body).unwrap();
    assert_eq!(ranged.series.len(), 2);
    assert_eq!(ranged.series[0].points[0], (Timestamp(10_000), 1.0));
    assert_eq!(ranged.series[0].points[1].0, Timestamp(20_500));
    assert!(ranged.series[0].points[1].1.is_nan());
    assert_eq!(ranged.series[1].points, []);
}

#[test]
fn texts_are_shared_between_series() {
    let body = br#"{"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"a":"same","b":"x"},"value":[1,"1"]},{"metric":{"a":"same","b":"y","c":"x"},"value":[1,"1"]}]}}"#;
    let samples = decode_instant(body).unwrap().samples;
    let text = |sample: usize, name: &str| samples[sample].labels.find(name).unwrap().clone();
    assert!(Arc::ptr_eq(&text(0, "a"), &text(1, "a")));
    assert!(Arc::ptr_eq(&text(0, "b"), &text(1, "c")));
}

#[test]
fn garbage_is_refused() {
    for body in [
        "",
        "<html>",
        "[]",
        r#"{"status":"success"}"#,
        r#"{"status":"success","data":{"resultType":"vector"}}"#,
        r#"{"status":"success","data":{"result":{}}}"#,
        r#"{"status":"success","data":{"result":[{"metric":{"a":1},"value":[1,"1"]}]}}"#,
        r#"{"status":"success","data":{"result":[{"metric":{},"value":[1,"abc"]}]}}"#,
        r#"{"status":"success","data":{"result":[{"metric":{},"value":[1]}]}}"#,
        r#"{"status":"error","data":{"result":[]}}"#,
        r#"{"status":"success","data":{"result":[]}} trailing"#,
    ] {
        assert!(decode_instant(body.as_bytes()).is_err(), "{body}");
    }
}
