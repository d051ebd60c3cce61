//! Lists the files of the web view, for `src/assets.rs` to take in.

use std::{
    collections::hash_map::DefaultHasher,
    env,
    error::Error,
    fmt::Write as _,
    fs,
    hash::Hasher,
    path::{Path, PathBuf},
    process::ExitCode,
};

const MISSING: &str = "The web view has not been built yet: there is no web/dist/index.html.

    make web                      builds it (from the project's folder)
    apt install nodejs npm        what that needs: Node.js 18 or later, and npm
";

fn main() -> ExitCode {
    // sqlx::migrate! does not notice new files by itself.
    println!("cargo:rerun-if-changed=migrations");
    match write_list() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("\n{MISSING}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("\nThe web view's files cannot be listed: {error}\n");
            ExitCode::FAILURE
        }
    }
}

/// Whether there is a view.
fn write_list() -> Result<bool, Box<dyn Error>> {
    let dist = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../web/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    if !dist.join("index.html").is_file() {
        return Ok(false);
    }
    let dist = dist.canonicalize()?;
    let mut paths = vec![PathBuf::from("index.html")];
    for folder in ["assets", "static"] {
        for entry in fs::read_dir(dist.join(folder))? {
            paths.push(Path::new(folder).join(entry?.file_name()));
        }
    }
    let is_packed = |path: &PathBuf| matches!(extension(path), "br" | "gz");
    paths.retain(|path| !is_packed(path));
    // As `str` compares them: the program searches by halves.
    paths.sort_by_key(|path| path.to_string_lossy().into_owned());

    let mut list = String::from("static FILES: &[File] = &[\n");
    for path in paths {
        let file = dist.join(&path);
        println!("cargo::rerun-if-changed={}", file.display());
        let mut hasher = DefaultHasher::new();
        hasher.write(&fs::read(&file)?);
        writeln!(
            list,
            "    File {{ path: {path:?}, kind: {:?}, etag: {:?}, plain: include_bytes!({file:?}), gzip: {}, brotli: {} }},",
            kind(&path)?,
            format!("W/\"{:016x}\"", hasher.finish()),
            packed(&file, "gz"),
            packed(&file, "br"),
        )?;
    }
    list.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("assets.rs"), list)?;
    Ok(true)
}

fn packed(file: &Path, with: &str) -> String {
    let path = PathBuf::from(format!("{}.{with}", file.display()));
    if path.is_file() { format!("Some(include_bytes!({path:?}))") } else { "None".to_owned() }
}

fn kind(path: &Path) -> Result<&'static str, String> {
    Ok(match extension(path) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        _ => return Err(format!("{} is of a kind that the bridge does not know", path.display())),
    })
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}
