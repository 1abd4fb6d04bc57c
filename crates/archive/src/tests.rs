//! The bytes of archives, by hand: what a reader relies on, and what none may be given. That others read them is shown end
//! to end, where an emulator of AWS unpacks what this packs.

use super::*;

const FLOOR: Entry<'_> = Entry {
    name: "policy.floor",
    mode: 0o644,
    content: b"{}\n",
};

const METHODS: &[Method] = &[
    Method::Stored,
    #[cfg(feature = "deflate")]
    Method::Deflated,
];

/// The number of so many bytes at an offset.
#[track_caller]
fn at(archive: &[u8], offset: usize, length: usize) -> u32 {
    let bytes = archive[offset..offset + length].iter().rev();
    bytes.fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[test]
fn a_stored_entry_stands_at_a_known_offset_and_nothing_is_beside_it() {
    let archive = write(&[FLOOR], Method::Stored).unwrap();
    assert_eq!(content_offset(FLOOR.name), 42);
    assert_eq!(&archive[..4], b"PK\x03\x04");
    assert_eq!(&archive[30..45], b"policy.floor{}\n");
    let central = 45;
    let end = central + 46 + FLOOR.name.len();
    assert_eq!(
        (&archive[central..central + 4], &archive[end..end + 4]),
        (&b"PK\x01\x02"[..], &b"PK\x05\x06"[..])
    );
    assert_eq!(archive.len(), end + 22, "122 bytes more than the content");
    for (what, offset, length, expected) in [
        ("flags", 6, 2, 0),
        ("method", 8, 2, 0),
        ("time", 10, 2, 0),
        ("date: 1980-01-01", 12, 2, 0x21),
        // As Python's zlib.crc32 has it.
        ("CRC-32", 14, 4, 0xdda1_b006),
        ("compressed size", 18, 4, 3),
        ("size", 22, 4, 3),
        ("length of the name", 26, 2, 12),
        ("length of the extra field", 28, 2, 0),
        ("made on Unix", central + 5, 1, 3),
        ("the same CRC-32", central + 16, 4, 0xdda1_b006),
        ("extra field, comment", central + 30, 4, 0),
        ("mode", central + 40, 2, 0o100_644),
        ("offset", central + 42, 4, 0),
        ("entries", end + 10, 2, 1),
        ("size of the directory", end + 12, 4, 58),
        ("offset of the directory", end + 16, 4, 45),
    ] {
        assert_eq!(at(&archive, offset, length), expected, "{what}");
    }
}

#[test]
fn entries_keep_their_order_and_the_same_input_gives_the_same_bytes() {
    let other = Entry {
        name: "a/bootstrap",
        mode: 0o755,
        content: &[7; 70_000],
    };
    for &method in METHODS {
        let archive = write(&[FLOOR, other], method).unwrap();
        assert_eq!(archive, write(&[FLOOR, other], method).unwrap());
        assert_ne!(archive, write(&[other, FLOOR], method).unwrap());
        let end = archive.len() - 22;
        let directory = at(&archive, end + 16, 4) as usize;
        let second = directory + 46 + FLOOR.name.len();
        assert_eq!(&archive[second + 46..end], other.name.as_bytes());
        assert_eq!(at(&archive, second + 40, 2), 0o100_755);
        let offset = at(&archive, second + 42, 4) as usize;
        assert_eq!(&archive[offset + 30..offset + 41], other.name.as_bytes());
    }
}

#[cfg(feature = "deflate")]
#[test]
fn a_deflated_entry_inflates_to_what_it_was() {
    let text = b"the same words, the same words, the same words".repeat(100);
    let entry = Entry {
        name: "index.mjs",
        mode: 0o644,
        content: &text,
    };
    let archive = write(&[entry], Method::Deflated).unwrap();
    assert_eq!((at(&archive, 8, 2), at(&archive, 22, 4)), (8, 4_600));
    let size = at(&archive, 18, 4) as usize;
    let start = content_offset(entry.name);
    let inflated = miniz_oxide::inflate::decompress_to_vec(&archive[start..start + size]).unwrap();
    assert_eq!(inflated, text);
    assert!(size < 200, "{size} bytes");
}

#[test]
fn a_name_that_readers_may_not_agree_on_is_refused() {
    for name in [
        "", "/a", "a/", "a//b", "../a", "a/..", "./a", "a\\b", "a b", "ä", "a\n",
    ] {
        let entry = Entry { name, ..FLOOR };
        let name = name.to_owned();
        assert_eq!(write(&[entry], Method::Stored), Err(ArchiveError::Name { name }));
    }
    let name = FLOOR.name.to_owned();
    assert_eq!(
        write(&[FLOOR, FLOOR], Method::Stored),
        Err(ArchiveError::Name { name }),
        "twice"
    );
}

#[test]
fn what_the_format_cannot_count_is_refused() {
    let long = "a".repeat(65_535);
    let entry = Entry { name: &long, ..FLOOR };
    assert_eq!(write(&[entry], Method::Stored), Err(ArchiveError::TooLarge));
    let names: Vec<String> = (0..65_535).map(|number| number.to_string()).collect();
    let entries = names.iter().map(|name| Entry { name, ..FLOOR });
    let entries: Vec<_> = entries.collect();
    assert_eq!(write(&entries, Method::Stored), Err(ArchiveError::TooLarge));
    assert!(write(&entries[1..], Method::Stored).is_ok());
}
