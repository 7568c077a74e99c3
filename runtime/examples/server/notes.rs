//! Notes in SQLite: a synchronous driver behind `spawn_blocking`.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use sheave::task::spawn_blocking;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// One note.
#[derive(Debug, Serialize)]
pub struct Note {
    pub id: u64,
    pub text: String,
}

/// Why a note could not be had.
#[derive(Debug)]
pub enum NoteError {
    Missing(u64),
    Database(String),
}

impl From<rusqlite::Error> for NoteError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

impl std::fmt::Display for NoteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(id) => write!(f, "there is no note {id}"),
            Self::Database(error) => write!(f, "database: {error}"),
        }
    }
}

impl std::error::Error for NoteError {}

/// All notes. Clones share one connection, which SQLite serialises in any case.
#[derive(Clone)]
pub struct Notes {
    connection: Arc<Mutex<Connection>>,
}

impl Notes {
    /// Opens the database at `path`, or a temporary one, which leaves nothing behind: SQLite takes an empty
    /// path for a file without a name.
    pub async fn open(path: Option<&Path>) -> Result<Self, NoteError> {
        let file = path.map(Path::to_path_buf).unwrap_or_default();
        blocking(move || {
            let connection = Connection::open(file)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.execute(
                "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",
                (),
            )?;
            Ok(Self { connection: Arc::new(Mutex::new(connection)) })
        })
        .await
    }

    pub async fn list(&self) -> Result<Vec<Note>, NoteError> {
        self.with(|connection| {
            let mut query = connection.prepare_cached("SELECT id, text FROM notes ORDER BY id")?;
            let notes =
                query.query_map((), |row| Ok(Note { id: row.get(0)?, text: row.get(1)? }))?;
            Ok(notes.collect::<Result<_, _>>()?)
        })
        .await
    }

    pub async fn create(&self, text: String) -> Result<Note, NoteError> {
        self.with(move |connection| {
            connection.execute("INSERT INTO notes (text) VALUES (?1)", params![text])?;
            Ok(Note { id: connection.last_insert_rowid().unsigned_abs(), text })
        })
        .await
    }

    pub async fn read(&self, id: u64) -> Result<Note, NoteError> {
        self.with(move |connection| {
            connection
                .query_row("SELECT text FROM notes WHERE id = ?1", params![id], |row| row.get(0))
                .optional()?
                .map(|text| Note { id, text })
                .ok_or(NoteError::Missing(id))
        })
        .await
    }

    pub async fn delete(&self, id: u64) -> Result<(), NoteError> {
        self.with(move |connection| {
            match connection.execute("DELETE FROM notes WHERE id = ?1", params![id])? {
                0 => Err(NoteError::Missing(id)),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, NoteError> + Send + 'static,
    ) -> Result<T, NoteError> {
        let connection = self.connection.clone();
        blocking(move || work(&connection.lock().unwrap_or_else(PoisonError::into_inner))).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NoteError> + Send + 'static,
) -> Result<T, NoteError> {
    match spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(NoteError::Database(error.to_string())),
    }
}
