//! The journal: how a world began and every command since, in one `SQLite` file. IO.
//!
//! What cannot be read as a journal of ours is refused with a sentence, and its bytes stay as they are. Key secrets follow
//! from the seed in the founding, so the file tells them; they open nothing but this simulator.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, params};

use super::world::{Actor, Command, Founding};

/// Says in the file's header whose file it is ("Rost" in ASCII).
const APPLICATION: u32 = 0x526f_7374;
/// The format of the tables.
const FORMAT: u32 = 1;

/// Why a file cannot serve as the journal, or an entry could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another program's file, or no database at all.
    #[error("`{}` is not a journal of the simulator, and is left as it is: name another file with `--data`", .0.display())]
    Foreign(PathBuf),
    /// A journal of a version that this one does not know.
    #[error("`{}` has the journal format {found}, and this version reads {FORMAT}: it is left as it is", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: u32,
    },
    /// Ours, and broken.
    #[error("`{}` is damaged ({detail}), and is left as it is: put back a copy, or name another file with `--data`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// Somebody else has it open.
    #[error("`{}` is in use by another simulator", .0.display())]
    InUse(PathBuf),
    /// The file system says no.
    #[error("open `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database says no.
    #[error("keep the journal in `{}`", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
}

/// One accepted command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who.
    pub actor: Actor,
    /// What.
    pub command: Command,
    /// When.
    pub at: Timestamp,
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    connection: Connection,
}

/// A journal that was there, with what it holds.
#[derive(Debug)]
pub struct Kept {
    /// Open for more.
    pub journal: Journal,
    /// How the world began.
    pub founding: Founding,
    /// What happened since, in order.
    pub entries: Vec<Entry>,
}

impl Journal {
    /// Opens the journal that is there; `None` where there is no file or an empty one.
    pub fn open(path: &Path) -> Result<Option<Kept>, JournalError> {
        if !belongs_to_us(path)? {
            return Ok(None);
        }
        let connection = connect(path)?;
        let journal = Self { path: path.to_owned(), connection };
        journal.check()?;
        let founding = journal.founding()?;
        let entries = journal.entries()?;
        Ok(Some(Kept { journal, founding, entries }))
    }

    /// Begins a journal where there is none, with these entries in it.
    pub fn create(path: &Path, founding: &Founding, entries: &[Entry]) -> Result<Self, JournalError> {
        let mut journal = Self { path: path.to_owned(), connection: connect(path)? };
        journal.begin(founding, entries).map_err(|source| Self::failed(path, source))?;
        Ok(journal)
    }

    /// Keeps one more entry; when this returns, it is in the file.
    pub fn append(&mut self, entry: &Entry) -> Result<(), JournalError> {
        insert(&self.connection, entry).map_err(|source| Self::failed(&self.path, source))
    }

    /// Makes every later entry fail, as a full disk would.
    #[cfg(test)]
    pub(super) fn spoil(&self) {
        self.connection.execute_batch("PRAGMA query_only = ON").unwrap();
    }

    fn begin(&mut self, founding: &Founding, entries: &[Entry]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
        transaction.execute_batch(
            "CREATE TABLE founding (founding TEXT NOT NULL) STRICT;
             CREATE TABLE entry (
                 seq INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, command TEXT NOT NULL
             ) STRICT;",
        )?;
        transaction.execute("INSERT INTO founding VALUES (?1)", params![json(founding)?])?;
        for entry in entries {
            insert(&transaction, entry)?;
        }
        transaction.commit()
    }

    fn check(&self) -> Result<(), JournalError> {
        let verdict: String = self
            .connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|source| self.unreadable(source))?;
        if verdict == "ok" { Ok(()) } else { Err(self.damaged(verdict)) }
    }

    fn founding(&self) -> Result<Founding, JournalError> {
        let text: String = self
            .connection
            .query_row("SELECT founding FROM founding", [], |row| row.get(0))
            .map_err(|source| self.unreadable(source))?;
        self.parse(&text, "the founding")
    }

    fn entries(&self) -> Result<Vec<Entry>, JournalError> {
        let read = || -> rusqlite::Result<Vec<(i64, [String; 3])>> {
            let mut statement = self.connection.prepare("SELECT seq, at, actor, command FROM entry ORDER BY seq")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?])))?;
            rows.collect()
        };
        let rows = read().map_err(|source| self.unreadable(source))?;
        let mut entries = Vec::with_capacity(rows.len());
        for (seq, [at, actor, command]) in rows {
            let what = format!("entry {seq}");
            let at = at.parse().map_err(|error| self.damaged(format!("{what}: {error}")))?;
            entries.push(Entry { actor: self.parse(&actor, &what)?, command: self.parse(&command, &what)?, at });
        }
        Ok(entries)
    }

    fn parse<T: serde::de::DeserializeOwned>(&self, text: &str, what: &str) -> Result<T, JournalError> {
        serde_json::from_str(text).map_err(|error| self.damaged(format!("{what}: {error}")))
    }

    /// The refusal of this file for what it holds.
    pub(super) fn damaged(&self, detail: String) -> JournalError {
        JournalError::Damaged { path: self.path.clone(), detail }
    }

    /// What a failed read says of the file: tables or rows that are not there are damage too.
    fn unreadable(&self, source: rusqlite::Error) -> JournalError {
        let of_the_disk = source.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
        let detail = source.to_string();
        let error = Self::failed(&self.path, source);
        if matches!(error, JournalError::Database { .. }) && !of_the_disk { self.damaged(detail) } else { error }
    }

    fn failed(path: &Path, source: rusqlite::Error) -> JournalError {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => JournalError::InUse(path),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                JournalError::Damaged { path, detail: source.to_string() }
            }
            Some(_) | None => JournalError::Database { path, source },
        }
    }
}

/// Whether a journal of ours is there; `false` where nothing is. Reads the header without any help of `SQLite`, so that
/// a stranger's file is not even opened as a database.
fn belongs_to_us(path: &Path) -> Result<bool, JournalError> {
    let mut head = Vec::with_capacity(100);
    match File::open(path).and_then(|file| file.take(100).read_to_end(&mut head)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(JournalError::Io { path: path.to_owned(), source }),
    }
    if head.is_empty() {
        return Ok(false);
    }
    // https://www.sqlite.org/fileformat.html#the_database_header
    let number = |at: usize| head.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
    if !head.starts_with(b"SQLite format 3\0") || number(68) != Some(APPLICATION) {
        return Err(JournalError::Foreign(path.to_owned()));
    }
    match number(60) {
        Some(FORMAT) => Ok(true),
        found => Err(JournalError::Format { path: path.to_owned(), found: found.unwrap_or_default() }),
    }
}

/// Opens the database and takes it for ourselves. Nothing is written yet.
fn connect(path: &Path) -> Result<Connection, JournalError> {
    let failed = |source| Journal::failed(path, source);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(std::time::Duration::ZERO).map_err(failed)?;
    // One owner, one file beside the journal of the transaction, and a sync at the points that matter.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(failed)?;
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT;").map_err(failed)?;
    Ok(connection)
}

fn insert(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT INTO entry (at, actor, command) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![entry.at.to_string(), json(&entry.actor)?, json(&entry.command)?])?;
    Ok(())
}

fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

#[cfg(test)]
mod tests;
