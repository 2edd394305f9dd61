//! HTTP as bytes, for what a well-behaved client refuses to send.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::wait::PATIENCE;

/// Sends bytes over a connection of their own and reads what comes back until the server closes it, or falls silent for
/// a second. Ask it to close: `connection: close`.
///
/// # Panics
/// When the server cannot be connected to.
pub fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).expect("the server is reachable");
    stream.set_read_timeout(Some(PATIENCE / 10)).expect("a timeout can be set");
    stream.set_write_timeout(Some(PATIENCE / 10)).expect("a timeout can be set");
    // A server that refuses need not read to the end, so that writing may fail.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        answer.extend_from_slice(&chunk[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The body of a form as browsers send it.
pub fn encode_form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    #[test]
    fn forms_are_encoded() {
        let form = super::encode_form(&[("a b", "c&d=é"), ("x", "")]);
        assert_eq!(form, "a+b=c%26d%3D%C3%A9&x=");
    }
}
