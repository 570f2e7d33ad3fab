use std::sync::Arc;

use super::*;
use crate::policy::finding::Finding;

fn read_all(text: &str) -> (Vec<Node>, Vec<Finding>) {
    let file: Arc<str> = Arc::from("in.yaml");
    let mut out = Findings::new(&file);
    let nodes = read(&file, text, &mut out);
    (nodes, out.into_list())
}

#[test]
fn positions_count_from_one_in_every_document() {
    let (nodes, findings) = read_all("a: 1\n---\nb:\n  - x\n  - 'y'\n");
    assert_eq!(findings, []);
    let list = nodes[1].get("b").expect("b");
    let Value::List(items) = &list.value else { panic!("a list") };
    assert_eq!(items[1].at, Spot { line: 5, column: 5 });
    assert_eq!(items[1].text(), Some("y"));
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let (nodes, findings) = read_all("a: [1\n---\nb: 2\n---\nc: }\n---\nd: 4\n");
    assert_eq!(nodes.len(), 2);
    assert_eq!(findings.len(), 2);
    assert_eq!(findings[1].place.line, 5);
}

#[test]
fn a_duplicate_key_is_an_error_with_its_position() {
    let (_, findings) = read_all("a:\n  b: 1\n  c: 2\n  b: 3\n");
    assert_eq!((findings[0].code, findings[0].place.line, findings[0].place.column), ("OB0105", 4, 3));
}

#[test]
fn tabs_are_named() {
    let (_, findings) = read_all("a:\n\tb: 1\n");
    assert!(findings[0].message.contains("tab"), "{findings:?}");
    assert_eq!(findings[0].place.line, 2);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_no_trouble() {
    let (nodes, findings) = read_all("\u{feff}a: x\r\nb:\r\n- y\r\n---\r\nc: z\r\n");
    assert_eq!(findings, []);
    assert_eq!(nodes[0].get("a").and_then(Node::text), Some("x"));
    assert_eq!(nodes[1].get("c").map(|node| node.at.line), Some(5));
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (last, next) in ('a'..'j').zip('b'..='j') {
        text += &format!("{next}: &{next} [{}]\n", vec![format!("*{last}"); 9].join(","));
    }
    let (nodes, findings) = read_all(&text);
    assert!(nodes.is_empty());
    assert_eq!(findings[0].code, "OB0104");
}

#[test]
fn anchors_aliases_and_merge_keys_are_written_out() {
    let (nodes, findings) = read_all("base: &b {x: 1, z: 2}\nuse:\n  <<: *b\n  z: 3\nlist: [*b]\n");
    assert_eq!(findings, []);
    let used = nodes[0].get("use").expect("use");
    assert_eq!(used.get("z").map(|node| &node.value), Some(&Value::Number("3".into())));
    assert_eq!(used.get("x").map(|node| &node.value), Some(&Value::Number("1".into())));
}

#[test]
fn of_merged_keys_the_first_wins_and_stands_once() {
    let (nodes, findings) = read_all("a: &a {x: 1}\nb: &b {x: 2, y: 3}\nuse: {<<: [*a, *b], z: 4}\n");
    assert_eq!(findings, []);
    let entries = nodes[0].get("use").expect("use").entries();
    let told: Vec<(&str, &Value)> = entries.iter().map(|entry| (entry.key.as_str(), &entry.value.value)).collect();
    let number = |text: &str| Value::Number(text.to_owned());
    assert_eq!(told, [("z", &number("4")), ("x", &number("1")), ("y", &number("3"))]);
}

#[test]
fn merging_many_keys_takes_no_longer_than_reading_them() {
    let keys = |name: char| (0..40_000).map(|i| format!("{name}{i}: 1, ")).collect::<String>();
    let (nodes, findings) = read_all(&format!("{{<<: {{{}}}, {}}}\n", keys('a'), keys('b')));
    assert_eq!((findings.len(), nodes[0].entries().len()), (0, 80_000));
}

#[test]
fn anchors_inside_each_other_do_not_multiply_what_is_kept() {
    let open: String = (0..60).map(|i| format!("&a{i} [")).collect();
    let (nodes, findings) = read_all(&format!("{open}{}{}", "x,".repeat(100_000), "]".repeat(60)));
    assert!(nodes.is_empty());
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["OB0101"]);
}

#[test]
fn deep_nesting_is_refused_quickly() {
    for text in ["[".repeat(1_000_000), "- ".repeat(200_000), "{a: ".repeat(100_000), "? ".repeat(100_000)] {
        let (nodes, findings) = read_all(&text);
        assert!(nodes.is_empty());
        assert_eq!(findings.len(), 1, "{findings:?}");
    }
}

#[test]
fn too_large_files_are_refused() {
    let (_, findings) = read_all(&"a".repeat(MAX_BYTES + 1));
    assert_eq!(findings[0].code, "OB0101");
}

#[test]
fn ten_megabytes_are_read_in_bounded_time() {
    let line = "- {a: b, c: [1, 2, 3]}\n";
    let (nodes, findings) = read_all(&line.repeat(MAX_BYTES / line.len()));
    assert!(nodes.is_empty());
    assert_eq!(findings[0].code, "OB0101");
}

#[test]
fn a_file_of_nothing_but_broken_documents_is_given_up() {
    let (nodes, findings) = read_all(&"---\n]\n".repeat(100_000));
    assert!(nodes.is_empty());
    assert_eq!(findings.len(), MAX_BROKEN + 1);
    assert!(findings[MAX_BROKEN].message.contains("the rest of the file"), "{:?}", findings[MAX_BROKEN]);
}

#[test]
fn a_file_with_too_many_values_is_given_up_once() {
    let whole = "---\na: [1, 2]\n";
    for many in ["a,", "a: ", "\"a\":"] {
        let (nodes, findings) = read_all(&format!("{whole}---\n[{}]\n{}", many.repeat(MAX_NODES), whole.repeat(9)));
        assert_eq!(nodes.len(), 1);
        let told: Vec<(&str, u32)> = findings.iter().map(|finding| (finding.code, finding.place.line)).collect();
        assert_eq!(told, [("OB0101", 3)], "{many}");
    }
}

#[test]
fn a_long_text_is_not_repeated_without_end() {
    let repeated = |times: usize| format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(times));
    assert_eq!(read_all(&repeated(4)).1, []);
    let (nodes, findings) = read_all(&repeated(20_000));
    assert!(nodes.is_empty());
    assert_eq!((findings.len(), findings[0].code), (1, "OB0104"));
}

#[test]
fn plain_words_mean_what_kubectl_makes_of_them() {
    for (text, kind) in [
        ("yes", "a boolean"),
        ("on", "a boolean"),
        ("8080", "a number"),
        ("1.5", "a number"),
        ("1e3", "a number"),
        ("0x1F", "a number"),
        ("1_000", "a number"),
        ("10.1.0.11", "a text"),
        ("'8080'", "a text"),
        ("!!str 80", "a text"),
        ("-", "a list"),
        ("~", "nothing"),
        ("true", "a boolean"),
        ("*", "nothing"),
    ] {
        let (nodes, _) = read_all(&format!("k: {text}\n"));
        let found = nodes.first().and_then(|node| node.get("k")).map_or("nothing", Node::kind);
        if text != "-" {
            assert_eq!(found, kind, "{text}");
        }
    }
}
