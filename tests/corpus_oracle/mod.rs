//! The oracle's shape, and the differences from it that are understood.

use postdoc::facts::organization::same_by_list;
use serde_json::{Map, Value};

/// Ours and theirs, field by field, in the oracle's shape.
pub fn fields(d: &Value, row: &Value) -> Vec<(&'static str, Value, Value)> {
    let r = &d["reported"];
    let dkim: Vec<Value> = list(&r["dkim"]).map(|k| pick(k, &["result", "domain", "selector"])).collect();
    let mail_from = &d["identities"]["mail_from"];
    let path = if mail_from["address"] == "<>" { "".into() } else { mail_from["domain"].clone() };
    let want = |name: &str| row[name].clone();
    vec![
        ("from_domain", d["identities"]["from"]["domain"].clone(), want("from_domain")),
        ("return_path_domain", path, want("return_path_domain")),
        ("authserv_id", d["receiver"]["authserv_id"].clone(), want("authserv_id")),
        ("spf", pick(&r["spf"], &["result", "domain"]), named(want("spf"))),
        ("dkim", dkim.into(), want("dkim")),
        ("dmarc", pick(&r["dmarc"], &["result", "domain"]), want("dmarc")),
        ("arc", r["arc"]["result"].clone(), want("arc")),
        ("compauth", pick(&r["compauth"], &["result", "reason"]), want("compauth")),
        ("spf_aligned", spf_aligned(d), want("spf_aligned")),
        ("dkim_aligned", dkim_aligned(d), want("dkim_aligned")),
    ]
}

fn pick(v: &Value, keys: &[&str]) -> Value {
    match v {
        Value::Null => Value::Null,
        v => keys.iter().map(|k| (k.to_string(), v[*k].clone())).collect::<Map<_, _>>().into(),
    }
}

fn list(v: &Value) -> impl Iterator<Item = &Value> {
    v.as_array().into_iter().flatten()
}

/// The oracle writes no domain as an empty one.
fn named(mut spf: Value) -> Value {
    if spf["domain"] == "" {
        spf["domain"] = Value::Null;
    }
    spf
}

/// The oracle's question: did SPF pass for the organization, by the public suffix list, that the
/// receiver saw in From?
pub fn spf_aligned(d: &Value) -> Value {
    aligned(d, std::iter::once(&d["reported"]["spf"]))
}

/// The same for any signature.
pub fn dkim_aligned(d: &Value) -> Value {
    aligned(d, list(&d["reported"]["dkim"]))
}

fn aligned<'v>(d: &'v Value, mut results: impl Iterator<Item = &'v Value>) -> Value {
    let now = &d["identities"]["from"]["domain"];
    let seen = &d["reported"]["dmarc"]["domain"];
    let Some(from) = now.as_str().map(|now| seen.as_str().unwrap_or(now)) else { return Value::Null };
    results.any(|r| r["result"] == "pass" && r["domain"].as_str().is_some_and(|s| same_by_list(from, s))).into()
}

/// One difference.
pub struct Case<'a> {
    pub field: &'a str,
    pub got: &'a Value,
    pub want: &'a Value,
    /// Our diagnosis.
    pub ours: &'a Value,
    /// The oracle's row.
    pub row: &'a Value,
    /// The file, in lower case with LF.
    pub text: &'a str,
}

/// A kind of difference, and why ours is right.
pub struct Class {
    pub name: &'static str,
    pub fields: &'static [&'static str],
    pub why: &'static str,
    pub holds: fn(&Case) -> bool,
}

/// Nothing but these may differ.
pub const EXPLAINED: &[Class] = &[
    Class {
        name: "leftover",
        fields: &["spf", "dkim", "dmarc", "spf_aligned", "dkim_aligned"],
        why: "Exchange Online leaves its own `none` in what it sends out; the oracle counts that as a receiver's word.",
        holds: leftover,
    },
    Class {
        name: "sender's server",
        fields: &["authserv_id", "spf"],
        why: "The only field is that of the server that handed the message over (a login, its own check): the sender's.",
        holds: |c| c.got.is_null() && handed_over_by(c),
    },
    Class {
        name: "received-spf",
        fields: &["spf", "spf_aligned"],
        why: "The receiver wrote SPF into Received-SPF alone, which the oracle does not read.",
        holds: received_spf,
    },
    Class {
        name: "list's copy",
        fields: &["return_path_domain"],
        why: "Return-Path tells of the list's own delivery, the believed results of the one before, and so does our MAIL FROM.",
        holds: lists_copy,
    },
    Class {
        name: "no Return-Path",
        fields: &["return_path_domain"],
        why: "The field is not there; the receiver says in smtp.mailfrom what it was.",
        holds: |c| c.want.is_null() && !c.got.is_null() && *c.got == c.row["spf"]["domain"],
    },
    Class {
        name: "HELO of an empty path",
        fields: &["spf_aligned"],
        why: "With an empty MAIL FROM the HELO name is SPF's identity (RFC 7208 §2.4) and counts for DMARC (RFC 9989 §4.4).",
        holds: |c| {
            c.ours["identities"]["mail_from"]["address"] == "<>"
                && *c.got == Value::Bool(true)
                && c.row["spf"]["result"] == "pass"
        },
    },
];

fn leftover(c: &Case) -> bool {
    let none = |v: &Value| v["result"] == "none";
    let signed = c.text.contains("(message not signed)");
    match c.field {
        "spf" => {
            c.text.contains("spf=none (sender ip is )") && none(c.want) && c.ours["receiver"]["kind"] != "microsoft"
        }
        "dkim" => {
            let others: Vec<Value> = list(c.want).filter(|k| !(none(k) && k["domain"].is_null())).cloned().collect();
            signed && *c.got == Value::from(others)
        }
        // Its header.from is the oracle's From, where a list has since rewritten that of the header.
        field => {
            let dmarc = signed && c.text.contains("dmarc=none action=none") && none(&c.row["dmarc"]);
            let rewritten = c.row["dmarc"]["domain"] != c.row["from_domain"];
            dmarc && c.ours["reported"]["dmarc"].is_null() && (field == "dmarc" || rewritten)
        }
    }
}

/// Does the oracle's authserv-id name the organization from which another one received the message?
fn handed_over_by(c: &Case) -> bool {
    let Some(id) = c.row["authserv_id"].as_str() else { return false };
    let is = |v: &Value| v.as_str().is_some_and(|host| same_by_list(host, id));
    list(&c.ours["hops"]).any(|hop| is(&hop["from"]) && !is(&hop["by"]))
}

fn received_spf(c: &Case) -> bool {
    let result = c.ours["reported"]["spf"]["result"].as_str().unwrap_or("-");
    c.row["spf"].is_null() && c.text.contains(&format!("received-spf: {result}"))
}

fn lists_copy(c: &Case) -> bool {
    let list_id = c.text.lines().find_map(|l| l.strip_prefix("list-id:")).unwrap_or_default();
    let lists = c.want.as_str().is_some_and(|path| !path.is_empty() && list_id.contains(path));
    let before = match c.got.as_str() {
        None => true,
        Some(got) => c.row["spf"]["domain"] == got || c.text.contains(&format!("@{got};")),
    };
    lists && before
}
