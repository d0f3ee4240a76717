#!/usr/bin/env python3
"""Takes away each call that writes the audit log, one at a time, and asks the tests whether they notice.

    tests/mutants/audit_calls.py            all of them
    tests/mutants/audit_calls.py 7 12       these alone
    tests/mutants/audit_calls.py --list     where they are

cargo-mutants replaces bodies of functions; a call that is left out of a body is what this looks for. A copy of the tree
is rewritten so that every such call asks first whether it is the one to be left out (the variable SEALANE_MUTANT), built
once, and its tests are run once for each call, on SQLite. The product itself has no such switch. A call is caught when a
test fails; a run in which none does names a survivor, and the exit code is 1.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "mutants"
TREE = WORK / "tree"
# So much time a test binary gets; one that hangs without the entry has noticed its absence.
PATIENCE_S = 300

# Which calls write: a pattern for the call up to its parenthesis, and what becomes of it.
#   renamed:  the method has a twin that leaves it out
#   wrapped:  the whole awaited expression gives Ok(()) instead
METHODS = [
    r"(?<=guard\(\))\.(?P<name>record|record_all|record_all_blocking)\(",
    r"(?<=guard)\.(?P<name>record|record_all|record_all_blocking)\(",
    r"(?<=\blog)\.(?P<name>record)\(",
    r"(?<=\bgrant)\.(?P<name>succeeded|failed|done|ended)\(",
]
WRAPPERS = (
    r"(?:\b(?:self\.)?app\.record_miss|\bself\.record_miss|(?<!fn )\brecord_failure|(?<!fn )\brecord_end"
    r"|\bself\.record_all|(?<!fn )(?<![\w.:])record(?=\((?!grant)))\("
)
# What the methods are defined in terms of: mutated by their callers.
SKIPPED = {"gateway/transfer/src/guard/grant.rs", "gateway/transfer/src/guard/items.rs"}

TESTS = {
    "transfer": ["sealane-transfer", "sealane-service", "sealane-http", "sealane-tests"],
    "service": ["sealane-service", "sealane-http", "sealane-tests"],
    "http": ["sealane-http", "sealane-tests"],
    "cli": ["sealane-cli", "sealane-tests"],
}
# Of the stories that use the product from outside, those that read its log.
STORIES = ["crash::on_sqlite", "demo::the_demo_plays", "receipts::on_sqlite", "record::", "refusal::", "stop::"]

SWITCH = '''
/// Whether this call is the one that is left out.
#[doc(hidden)]
#[expect(missing_docs, clippy::all, reason = "only in the copy that is tested")]
pub fn left_out(number: u32) -> bool {
    static CHOSEN: std::sync::LazyLock<Option<u32>> =
        std::sync::LazyLock::new(|| std::env::var("SEALANE_MUTANT").ok().and_then(|text| text.parse().ok()));
    *CHOSEN == Some(number)
}
'''

GUARD = SWITCH + '''
impl Guard {
    pub async fn record_unless(&self, number: u32, event: Event) -> Result<Receipt, AppendError> {
        if left_out(number) {
            return Ok(Receipt::new(0, sealane_crypto::digest::sha256(b""), event.op, None, 1));
        }
        self.record(event).await
    }

    pub async fn record_all_unless(&self, number: u32, events: Vec<Event>) -> Result<(), AppendError> {
        if left_out(number) { Ok(()) } else { self.record_all(events).await }
    }

    pub fn record_all_blocking_unless(&self, number: u32, events: Vec<Event>) -> Result<(), AppendError> {
        if left_out(number) { Ok(()) } else { self.record_all_blocking(events) }
    }
}
'''

GRANT = '''
impl<A: ActionType> Grant<A> {
    pub async fn succeeded_unless(self, number: u32, details: Details) -> Result<(), AppendError> {
        if super::left_out(number) { Ok(()) } else { self.succeeded(details).await }
    }

    pub async fn done_unless(self, number: u32, outcome: OutcomeRecord, details: Details) -> Result<(), AppendError> {
        if super::left_out(number) { Ok(()) } else { self.done(outcome, details).await }
    }

    pub async fn failed_unless(self, number: u32, problem: &Problem, details: Details) -> Result<(), AppendError> {
        if super::left_out(number) { Ok(()) } else { self.failed(problem, details).await }
    }

    pub async fn ended_unless<T>(
        self,
        number: u32,
        result: &Result<T, Problem>,
        details: Details,
    ) -> Result<(), AppendError> {
        if super::left_out(number) { Ok(()) } else { self.ended(result, details).await }
    }
}
'''

ITEMS = '''
impl ItemLog {
    pub fn record_unless(&self, number: u32, events: Vec<Event>) -> Result<(), AppendError> {
        if super::left_out(number) { Ok(()) } else { self.record(events) }
    }
}
'''


def sources():
    for package in TESTS:
        for path in sorted((TREE / "gateway" / package / "src").rglob("*.rs")):
            name = str(path.relative_to(TREE))
            if name not in SKIPPED and path.name != "tests.rs":
                yield package, name, path


def closing(text, opening):
    """Where the parenthesis that opens at `opening` closes."""
    depth = 0
    for at in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise ValueError("a parenthesis that never closes")


def edits(text):
    """The calls of one file: where, and what stands there instead of what."""
    found = []
    for pattern in METHODS:
        for match in re.finditer(pattern, text):
            found.append((match.start(), match.end(), lambda n, m=match: f".{m['name']}_unless({n}, "))
    for match in re.finditer(WRAPPERS, text):
        end = closing(text, match.end() - 1) + 1
        if text.startswith(".await", end):
            end += len(".await")
            whole = text[match.start():end]
            found.append((match.start(), end, lambda n, w=whole: f"(if sealane_transfer::left_out({n}) {{ Ok(()) }} else {{ {w} }})"))
    return sorted(found, key=lambda edit: edit[0])


def rewrite():
    if TREE.exists():
        shutil.rmtree(TREE)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        to = TREE / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to)
    sites = []
    for package, name, path in sources():
        text = path.read_text()
        tests_at = text.find("#[cfg(test)]")
        head, tail = (text, "") if tests_at < 0 else (text[:tests_at], text[tests_at:])
        pieces, at = [], 0
        for start, end, instead in edits(head):
            if start < at:
                continue
            number = len(sites) + 1
            line = head.count("\n", 0, start) + 1
            sites.append({"number": number, "package": package, "place": f"{name}:{line}", "code": head.splitlines()[line - 1].strip()})
            piece = instead(number)
            if package == "transfer":
                piece = piece.replace("sealane_transfer::", "crate::")
            pieces += [head[at:start], piece]
            at = end
        if pieces:
            path.write_text("".join(pieces) + head[at:] + tail)
    return sites


def inject():
    def append(name, code):
        path = TREE / name
        path.write_text(path.read_text() + code)

    def replace(name, old, new):
        path = TREE / name
        text = path.read_text()
        assert old in text, f"{name} no longer has {old!r}"
        path.write_text(text.replace(old, new, 1))

    guard = "gateway/transfer/src/guard.rs"
    append(guard, GUARD.replace("#[expect(missing_docs, clippy::all, reason = \"only in the copy that is tested\")]\n", ""))
    append("gateway/transfer/src/guard/grant.rs", GRANT)
    append("gateway/transfer/src/guard/items.rs", ITEMS)
    replace("audit/src/receipt.rs", "pub(crate) const fn new", "pub const fn new")
    path = TREE / "gateway/transfer/src/lib.rs"
    path.write_text(path.read_text() + "\npub use guard::left_out;\n")
    # The copy keeps no lints: nobody reads it.
    manifest = TREE / "Cargo.toml"
    manifest.write_text(re.sub(r'(?m)^(\w[\w-]*)\s*=\s*"(?:deny|forbid|warn)"$', r'\1 = "allow"', manifest.read_text()))


def build():
    environment = {**os.environ, "CARGO_TARGET_DIR": str(WORK / "target")}
    packages = [word for name in sorted({name for names in TESTS.values() for name in names}) for word in ("-p", name)]
    subprocess.run(["cargo", "build", "--quiet", "--workspace", "--bins"], cwd=TREE, check=True, env=environment)
    command = ["cargo", "test", "--no-run", "--quiet", "--message-format=json", *packages]
    built = subprocess.run(command, cwd=TREE, check=True, env=environment, capture_output=True, text=True)
    binaries = {}
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message.get("executable") and message["profile"]["test"]:
            package = pathlib.Path(message["manifest_path"]).parent
            name = re.search(r'(?m)^name\s*=\s*"([^"]+)"', (package / "Cargo.toml").read_text())[1]
            binaries.setdefault(name, []).append((message["executable"], package))
    return binaries


def notices(binaries, package, number):
    """The test that fails without the call, or None."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SEALANE_TEST_")}
    environment["SEALANE_MUTANT"] = str(number)
    for name in TESTS[package]:
        for executable, directory in binaries.get(name, []):
            command = [executable, "--test-threads=4", *(STORIES if name == "sealane-tests" else [])]
            process = subprocess.Popen(command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            began = time.monotonic()
            try:
                for line in process.stdout:
                    failed = re.match(r"test (\S+) .*FAILED", line)
                    if failed:
                        return f"{name} {failed[1]}"
                    if time.monotonic() - began > PATIENCE_S:
                        return f"{name} hangs"
                if process.wait() != 0:
                    return f"{name} ends with {process.returncode}"
            finally:
                process.kill()
                process.wait()
    return None


def main():
    sites = rewrite()
    if "--list" in sys.argv:
        for site in sites:
            print(f"{site['number']:4} {site['place']}  {site['code']}")
        return 0
    inject()
    binaries = build()
    chosen = {int(word) for word in sys.argv[1:]}
    for package in TESTS:
        by = notices(binaries, package, 0)
        if by:
            print(f"with every call in place: {by} fails; nothing can be said")
            return 2
    survivors = 0
    for site in sites:
        if chosen and site["number"] not in chosen:
            continue
        by = notices(binaries, site["package"], site["number"])
        survivors += by is None
        print(f"{site['number']:4} {'caught by ' + by if by else 'SURVIVES'}: {site['place']}  {site['code']}", flush=True)
    print(f"{survivors} of {len(chosen or sites)} calls can be left out unnoticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
