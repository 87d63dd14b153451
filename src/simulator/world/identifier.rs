//! Identifiers drawn from a seed: the same seed and the same draws give the same ids. PURE.

use std::fmt::Write;

const LOWER: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A deterministic source of identifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identifiers {
    seed: u64,
    drawn: u64,
}

impl Identifiers {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// `<prefix>` and six lower-case letters or digits, as the vendor's users and clusters have.
    pub(super) fn lower(&mut self, prefix: &str, taken: impl Fn(&str) -> bool) -> String {
        self.fresh(prefix, LOWER, 6, taken)
    }

    /// `<prefix>` and that many capitals or digits, as the vendor's bindings and keys have.
    pub(super) fn upper(&mut self, prefix: &str, length: usize, taken: impl Fn(&str) -> bool) -> String {
        self.fresh(prefix, UPPER, length, taken)
    }

    /// The 64 characters of a key's secret.
    pub(super) fn secret(&mut self) -> String {
        self.text("", SECRET, 64)
    }

    /// A bearer token.
    pub(super) fn token(&mut self) -> String {
        self.text("rst.", LOWER, 64)
    }

    /// Something that differs from one change to the next.
    pub(super) fn version(&mut self) -> String {
        format!("0x{:016X}", self.word())
    }

    /// A version 4 UUID.
    pub(super) fn uuid(&mut self) -> String {
        let bytes = ((u128::from(self.word()) << 64) | u128::from(self.word())).to_be_bytes();
        let mut text = String::with_capacity(36);
        for (index, byte) in bytes.into_iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            let byte = match index {
                6 => byte & 0x0f | 0x40,
                8 => byte & 0x3f | 0x80,
                _ => byte,
            };
            // Writing to a `String` does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    fn fresh(&mut self, prefix: &str, alphabet: &[u8], length: usize, taken: impl Fn(&str) -> bool) -> String {
        loop {
            let text = self.text(prefix, alphabet, length);
            if !taken(&text) {
                return text;
            }
        }
    }

    fn text(&mut self, prefix: &str, alphabet: &[u8], length: usize) -> String {
        let mut text = prefix.to_owned();
        let size = alphabet.len() as u64;
        for _ in 0..length {
            let index = usize::try_from(self.word() % size).unwrap_or_default();
            text.push(char::from(alphabet[index]));
        }
        text
    }

    /// The next word of the sequence (the finalizer of `SplitMix64` over seed and count).
    fn word(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        let mut x = self.seed.wrapping_add(self.drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_seed_others() {
        let draw = |seed| {
            let mut identifiers = Identifiers::new(seed);
            (identifiers.lower("u-", |_| false), identifiers.upper("rb-", 6, |_| false), identifiers.uuid())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let (user, _, uuid) = draw(7);
        assert_eq!(user.len(), 8);
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
    }

    #[test]
    fn a_taken_id_is_passed_over() {
        let first = Identifiers::new(1).lower("u-", |_| false);
        let second = Identifiers::new(1).lower("u-", |id| id == first);
        assert_ne!(first, second);
    }
}
