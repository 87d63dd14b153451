//! The journal under test, on files of its own.

use std::fs;

use super::*;
use crate::simulator::world::example;

fn file(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

fn moment() -> Timestamp {
    "2026-03-02T09:00:00.123456789Z".parse().unwrap()
}

/// A journal with the example in it, closed again.
fn written(path: &Path) -> (Founding, Vec<Entry>) {
    let (founding, commands) = example(7, moment());
    let entry = |command| Entry { actor: Actor::Portal, command, at: moment() };
    let entries: Vec<Entry> = commands.into_iter().map(entry).collect();
    let (last, first) = entries.split_last().unwrap();
    let mut journal = Journal::create(path, &founding, first).unwrap();
    journal.append(last).unwrap();
    (founding, entries)
}

#[test]
fn what_was_kept_is_read_back() {
    let (_folder, path) = file("world.db");
    assert!(Journal::open(&path).unwrap().is_none());
    let (founding, entries) = written(&path);
    let kept = Journal::open(&path).unwrap().unwrap();
    assert_eq!((kept.founding, kept.entries), (founding, entries));
    let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["world.db"]);
}

#[test]
fn an_empty_file_is_a_new_journal() {
    let (_folder, path) = file("world.db");
    fs::write(&path, "").unwrap();
    assert!(Journal::open(&path).unwrap().is_none());
    written(&path);
    assert!(Journal::open(&path).unwrap().is_some());
}

#[test]
fn another_program_s_file_is_refused_and_left_as_it_is() {
    let (_folder, path) = file("notes.db");
    let database = {
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE note (text TEXT)").unwrap();
        drop(connection);
        fs::read(&path).unwrap()
    };
    for bytes in [database, b"apiVersion: v1\n".to_vec(), vec![0; 4096]] {
        fs::write(&path, &bytes).unwrap();
        let refusal = Journal::open(&path).unwrap_err();
        assert!(matches!(refusal, JournalError::Foreign(_)));
        assert!(refusal.to_string().contains("notes.db` is not a journal of the simulator"), "{refusal}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_damaged_journal_is_refused_and_left_as_it_is() {
    let (_folder, path) = file("world.db");
    written(&path);
    let whole = fs::read(&path).unwrap();
    let cut = whole[..whole.len() - 4096].to_vec();
    let mut scrawled = whole.clone();
    scrawled[4096..4096 + 200].fill(0x55);
    let mut head = whole.clone();
    head[100..140].fill(0xff);
    for bytes in [cut, scrawled, head] {
        fs::write(&path, &bytes).unwrap();
        let refusal = Journal::open(&path).unwrap_err();
        assert!(matches!(refusal, JournalError::Damaged { .. }), "{refusal}");
        assert!(refusal.to_string().contains("is damaged ("), "{refusal}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn an_entry_that_cannot_be_read_and_a_later_format_are_refused() {
    let (_folder, path) = file("world.db");
    written(&path);
    let change = |statement: &str| Connection::open(&path).unwrap().execute_batch(statement).unwrap();
    change("UPDATE entry SET command = '{\"sudo\":{}}' WHERE seq = 3");
    let refusal = Journal::open(&path).unwrap_err().to_string();
    assert!(refusal.contains("entry 3: unknown variant `sudo`"), "{refusal}");
    change("PRAGMA user_version = 2");
    let refusal = Journal::open(&path).unwrap_err().to_string();
    assert!(refusal.contains("has the journal format 2, and this version reads 1"), "{refusal}");
}

#[test]
fn a_journal_has_one_owner() {
    let (_folder, path) = file("world.db");
    written(&path);
    let first = Journal::open(&path).unwrap().unwrap();
    assert!(matches!(Journal::open(&path), Err(JournalError::InUse(_))));
    drop(first);
    assert!(Journal::open(&path).is_ok());
}

#[test]
fn a_place_that_cannot_be_is_named() {
    let (folder, path) = file("world.db");
    assert!(matches!(Journal::open(folder.path()), Err(JournalError::Io { .. })));
    let nowhere = path.join("deeper");
    let (founding, _) = example(7, moment());
    assert!(matches!(Journal::create(&nowhere, &founding, &[]), Err(JournalError::Database { .. })));
}
