//! Parses an autoconfig file, which is untrusted: no entities are expanded, nothing is fetched, and nesting is limited.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Maximum nesting depth. The format needs four levels, extensions a few more.
const MAX_DEPTH: usize = 16;
/// Maximum number of servers.
const MAX_SERVERS: usize = 20;

/// The path of the element that describes an incoming server.
const SERVER: [&str; 3] = ["clientConfig", "emailProvider", "incomingServer"];

/// The raw fields of an IMAP server.
#[derive(Debug, Default)]
pub struct Incoming {
    /// The host, possibly with placeholders.
    pub hostname: String,
    pub port: String,
    /// `SSL`, `STARTTLS` or `plain`.
    pub socket_type: String,
    /// The login name, possibly with placeholders.
    pub username: String,
    /// Authentication methods.
    pub authentication: Vec<String>,
}

impl Incoming {
    /// Handles the start of a child element.
    fn begin(&mut self, element: &str) {
        if element == "authentication" {
            self.authentication.push(String::new());
        }
    }

    /// Appends text of a child element, which may arrive in pieces.
    fn push(&mut self, element: &str, text: &str) {
        let field = match element {
            "hostname" => &mut self.hostname,
            "port" => &mut self.port,
            "socketType" => &mut self.socket_type,
            "username" => &mut self.username,
            "authentication" => match self.authentication.last_mut() {
                Some(last) => last,
                None => return,
            },
            _ => return,
        };
        field.push_str(text);
    }
}

/// The IMAP servers in file order, up to a maximum number. `None` if the file is malformed, nested too deeply, uses an
/// entity that XML does not predefine, or declares a document type, whose entities could expand without limit.
pub fn imap_servers(xml: &str) -> Option<Vec<Incoming>> {
    let mut reader = Reader::from_str(xml);
    let mut path: Vec<String> = Vec::new();
    let mut servers: Vec<Incoming> = Vec::new();
    let mut server: Option<Incoming> = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                if path.len() == MAX_DEPTH {
                    return None;
                }
                path.push(tag.name().0.to_owned());
                if is_server(&path) && is_imap(&tag)? {
                    server = Some(Incoming::default());
                } else if let (Some(server), Some(element)) = (&mut server, element(&path)) {
                    server.begin(element);
                }
            }
            Event::End(_) => {
                if is_server(&path) {
                    servers.extend(server.take());
                    if servers.len() == MAX_SERVERS {
                        return Some(servers);
                    }
                }
                path.pop()?;
            }
            Event::Text(text) => push(&mut server, &path, &text.xml10_content()),
            Event::CData(text) => push(&mut server, &path, &text.xml10_content()),
            Event::GeneralRef(name) => push(&mut server, &path, &resolve(&name)?),
            Event::DocType(_) => return None,
            Event::Eof => return path.is_empty().then_some(servers),
            // Empty elements, comments, declarations and processing instructions have no text.
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn push(server: &mut Option<Incoming>, path: &[String], text: &str) {
    if let (Some(server), Some(element)) = (server, element(path)) {
        server.push(element, text);
    }
}

fn is_server(path: &[String]) -> bool {
    path.iter().map(String::as_str).eq(SERVER)
}

/// The child element of a server at the end of the path.
fn element(path: &[String]) -> Option<&str> {
    let (last, before) = path.split_last()?;
    is_server(before).then_some(last)
}

fn is_imap(tag: &BytesStart<'_>) -> Option<bool> {
    Some(tag.try_get_attribute("type").ok()?.is_some_and(|kind| kind.value == "imap"))
}

/// Resolves XML's five predefined entities and character references; `None` for any other entity.
fn resolve(name: &BytesRef<'_>) -> Option<String> {
    match name.resolve_char_ref().ok()? {
        Some(character) => Some(character.to_string()),
        None => resolve_xml_entity(name).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "<incomingServer type='imap'><hostname>a.se</hostname><port>993</port></incomingServer>";

    fn hosts(xml: &str) -> Option<Vec<String>> {
        Some(imap_servers(xml)?.into_iter().map(|server| server.hostname).collect())
    }

    fn file(inner: &str) -> String {
        format!("<clientConfig version='1.1'><emailProvider id='a.se'>{inner}</emailProvider></clientConfig>")
    }

    #[test]
    fn servers_are_read_from_the_specified_xml_path_only() {
        let one = Some(vec!["a.se".to_owned()]);
        assert_eq!(hosts(&file(ONE)), one);
        assert_eq!(hosts(&format!("\u{feff}<?xml version='1.0'?><!-- x --><?x y?>\n{}", file(ONE))), one);
        assert_eq!(hosts(&file(&ONE.replace(">a.se<", "><![CDATA[a]]>&#46;s&#x65;<!-- b --><"))), one);
        let elsewhere = [ONE.to_owned(), format!("<clientConfig>{ONE}</clientConfig>"), file(&format!("<x>{ONE}</x>"))];
        for xml in elsewhere {
            assert_eq!(hosts(&xml), Some(Vec::new()), "{xml}");
        }
        let deeper = file(&ONE.replace("a.se", "<b>evil.example</b>a.se"));
        assert_eq!(hosts(&deeper), one, "what stands deeper is another's");
        assert_eq!(hosts(&file(&ONE.repeat(500))).map(|hosts| hosts.len()), Some(MAX_SERVERS));
    }

    #[test]
    fn hostile_documents_are_rejected_entirely_and_immediately() {
        let bomb = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]>";
        let refused = [
            format!("{bomb}{}", file(ONE)),
            format!("<!DOCTYPE x SYSTEM 'file:///etc/passwd'>{}", file(ONE)),
            file(&ONE.replace("a.se", "&b;")),
            file(&ONE.replace("a.se", "&#0;")),
            file(&ONE.replace("a.se", "&#xD800;")),
            file(&ONE.replace("</hostname>", "</host>")),
            file(ONE).replace("</clientConfig>", ""),
            "<clientConfig>".to_owned(),
            "<a>".repeat(20_000),
            format!("{}{}", "<a>".repeat(17), "</a>".repeat(17)),
            "</a>".to_owned(),
            "<a".to_owned(),
        ];
        for xml in refused {
            assert_eq!(hosts(&xml), None, "{}", xml.chars().take(200).collect::<String>());
        }
        for nothing in ["", "no such file", "<!doctype html><p>not found", "{}"] {
            assert!(hosts(nothing).is_none_or(|hosts| hosts.is_empty()), "{nothing}");
        }
        let attributes: String = (0..8000).map(|n| format!(" a{n}=''")).collect();
        assert_eq!(hosts(&file(&format!("<x{attributes}/>{ONE}"))), Some(vec!["a.se".to_owned()]));
    }
}
