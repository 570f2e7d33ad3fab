use super::*;

fn look() -> Look {
    Look { theme: Theme::Dark, stylesheet: "/pkg/obstack.css".into(), here: "/".into() }
}

#[test]
fn landing_has_no_scripts_and_shows_the_mesh() {
    let page = LandingPage {
        demo: true,
        mesh: Some(MeshPicture {
            svg: "<svg><title>mesh</title></svg>".into(),
            at: "2026-01-02T12:00:00Z".parse().unwrap(),
            services: 14,
            requests_per_s: 312.0,
        }),
        ..LandingPage::default()
    };
    let html = render_landing(&look(), &page);
    assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\" data-theme=\"dark\">"), "{html}");
    assert!(!html.contains("<script") && !html.contains(" style=") && !html.contains(".wasm"));
    assert!(html.contains("<svg><title>mesh</title></svg>") && html.contains("14 services · 312/s"));
    assert!(html.contains("as of 12:00:00 UTC"));
}

#[test]
fn a_failed_login_says_why_and_keeps_the_address() {
    let page = LoginPage {
        back: "/t/acme?from=now-6h".into(),
        email: "ana@acme.test".into(),
        error: Some("E-mail or password do not fit.".into()),
        ..LoginPage::default()
    };
    let html = render_login(&look(), &page);
    assert!(!html.contains("<script") && !html.contains(" style="));
    assert!(html.contains("E-mail or password do not fit."));
    assert!(html.contains("value=\"ana@acme.test\"") && html.contains("value=\"/t/acme?from=now-6h\""));
}

#[test]
fn what_was_typed_cannot_become_markup() {
    let page = LoginPage { back: "/".into(), email: "\"><script>alert(1)</script>".into(), ..LoginPage::default() };
    let html = render_login(&look(), &page);
    assert!(!html.contains("<script>"), "{html}");
}

#[test]
fn titles_and_text_areas_hold_text_and_nothing_else() {
    let typed = "</textarea><b>a & b\nc";
    let area = view! { <crate::admin::TextArea label="Mesh" name="mesh" value=typed /> }.to_html();
    assert!(area.contains(">\n&lt;/textarea&gt;&lt;b&gt;a &amp; b\nc</textarea>"), "{area}");
    let html = document(&look(), "A & B </title>", "", ().into_any());
    assert!(html.contains("<title>A &amp; B &lt;/title&gt;</title>"), "{html}");
}
