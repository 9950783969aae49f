//! The few signs that a chart needs, as dots: five columns and seven rows each. Only `chart` uses
//! this.

/// Columns of a sign.
pub const COLUMNS: usize = 5;

/// Columns from one sign to the next.
pub const ADVANCE: usize = 6;

/// The signs, row by row from the top; the highest of the five bits is on the left.
const GLYPHS: &[(char, [u8; 7])] = &[
    ('0', [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110]),
    ('1', [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110]),
    ('2', [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111]),
    ('3', [0b11110, 0b00001, 0b00001, 0b01110, 0b00001, 0b00001, 0b11110]),
    ('4', [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010]),
    ('5', [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110]),
    ('6', [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110]),
    ('7', [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000]),
    ('8', [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110]),
    ('9', [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100]),
    ('.', [0b00000, 0b00000, 0b00000, 0b00000, 0b00000, 0b01100, 0b01100]),
    (':', [0b00000, 0b01100, 0b01100, 0b00000, 0b01100, 0b01100, 0b00000]),
    ('-', [0b00000, 0b00000, 0b00000, 0b01110, 0b00000, 0b00000, 0b00000]),
    ('$', [0b00100, 0b01111, 0b10100, 0b01110, 0b00101, 0b11110, 0b00100]),
    ('€', [0b00110, 0b01001, 0b11100, 0b01000, 0b11100, 0b01001, 0b00110]),
    ('£', [0b00110, 0b01001, 0b01000, 0b11100, 0b01000, 0b01000, 0b11111]),
    ('k', [0b10000, 0b10000, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010]),
    ('M', [0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001]),
    ('s', [0b00000, 0b00000, 0b01111, 0b10000, 0b01110, 0b00001, 0b11110]),
];

/// Whether every sign of a text is here.
pub fn knows(text: &str) -> bool {
    text.chars().all(|sign| GLYPHS.iter().any(|(known, _)| *known == sign))
}

/// The dots of a sign; none for a space and for what is not known.
pub fn of(sign: char) -> [u8; 7] {
    let known = GLYPHS.iter().find(|(known, _)| *known == sign);
    known.map_or([0; 7], |(_, rows)| *rows)
}
