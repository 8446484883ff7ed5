//! Single values within the text of a frame, so that everything else keeps its bytes.

use std::borrow::Cow;

use crate::ocpp::frame::Frame;

/// The frame with another message id; `None` when the text is no frame.
pub(super) fn with_id(text: &str, id: &str) -> Option<String> {
    let frame = Frame::parse(text).ok()?;
    if frame.id() == id {
        return Some(text.to_owned());
    }
    let id = serde_json::Value::from(id);
    Some(match &frame {
        Frame::Call(it) => {
            let action = serde_json::Value::from(&*it.action);
            format!("[2,{id},{action},{}]", it.payload)
        }
        Frame::Result(it) => format!("[3,{id},{}]", it.payload),
        Frame::Error(it) => {
            let (code, description) = (it.code.to_string(), &*it.description);
            let code = serde_json::Value::from(code);
            let description = serde_json::Value::from(description);
            format!("[4,{id},{code},{description},{}]", it.details)
        }
    })
}

/// The text with another number for every `"transactionId"` for which `other` knows one.
pub(super) fn with_transactions(text: &str, other: impl Fn(i64) -> Option<i64>) -> Cow<'_, str> {
    const KEY: &str = "\"transactionId\"";
    if !text.contains(KEY) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(at) = rest.find(KEY) {
        let (before, after) = rest.split_at(at + KEY.len());
        out.push_str(before);
        let value = after.trim_start().strip_prefix(':').map(str::trim_start);
        let Some(value) = value else {
            rest = after;
            continue;
        };
        out.push_str(&after[..after.len() - value.len()]);
        let digits = value.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(value.len());
        match value[..digits].parse().ok().and_then(&other) {
            Some(number) => out.push_str(&number.to_string()),
            None => out.push_str(&value[..digits]),
        }
        rest = &value[digits..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_replaced_and_the_rest_stays() {
        let call = r#"[2,"7","Heartbeat", {"a": 1.0}]"#;
        assert_eq!(with_id(call, "7").unwrap(), call);
        assert_eq!(with_id(call, "x").unwrap(), r#"[2,"x","Heartbeat",{"a": 1.0}]"#);
        assert_eq!(with_id(r#"[3,"7",{}]"#, "x").unwrap(), r#"[3,"x",{}]"#);
        let error = r#"[4,"7","GenericError","no \"y\"",{}]"#;
        assert_eq!(with_id(error, "x").unwrap(), error.replace("\"7\"", "\"x\""));
        assert_eq!(with_id("hello", "x"), None);
    }

    #[test]
    fn a_transaction_gets_another_number_wherever_it_is_named() {
        let text = r#"{"transactionId": 7,"a":{"transactionId":7},"b":{"transactionId":71},"transactionId":"7"}"#;
        let told = with_transactions(text, |id| (id == 7).then_some(12));
        let expected = r#"{"transactionId": 12,"a":{"transactionId":12},"b":{"transactionId":71},"transactionId":"7"}"#;
        assert_eq!(told, expected);
        assert_eq!(with_transactions(text, |_| None), text);
        let swapped = with_transactions(text, |id| Some(78 - id));
        assert!(swapped.starts_with(
            r#"{"transactionId": 71,"a":{"transactionId":71},"b":{"transactionId":7}"#
        ));
    }
}
