"""Puts the pinned front-end files (fonts, calendar, API explorer) where the web server finds them: web/static/vendor.

The files come from the package lock and are never committed. Pages are complete without them; that is why a machine
without npm gets one line of explanation instead of a failure.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FONTS = "@fontsource-variable"
FILES = {
    f"{FONTS}/cormorant-garamond/files/cormorant-garamond-latin-wght-normal.woff2": "fonts/cormorant-latin.woff2",
    f"{FONTS}/cormorant-garamond/files/cormorant-garamond-latin-ext-wght-normal.woff2": "fonts/cormorant-latin-ext.woff2",
    f"{FONTS}/cormorant-garamond/files/cormorant-garamond-latin-wght-italic.woff2": "fonts/cormorant-italic-latin.woff2",
    f"{FONTS}/cormorant-garamond/LICENSE": "fonts/cormorant-LICENSE.txt",
    f"{FONTS}/figtree/files/figtree-latin-wght-normal.woff2": "fonts/figtree-latin.woff2",
    f"{FONTS}/figtree/files/figtree-latin-ext-wght-normal.woff2": "fonts/figtree-latin-ext.woff2",
    f"{FONTS}/figtree/LICENSE": "fonts/figtree-LICENSE.txt",
    "cally/dist/cally.js": "cally.js",
    "cally/LICENSE": "cally-LICENSE.txt",
    "swagger-ui-dist/swagger-ui.css": "explorer/swagger-ui.css",
    "swagger-ui-dist/swagger-ui-bundle.js": "explorer/swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt": "explorer/swagger-ui-bundle.js.LICENSE.txt",
    "swagger-ui-dist/LICENSE": "explorer/LICENSE.txt",
    "swagger-ui-dist/NOTICE": "explorer/NOTICE.txt",
}
INSTALL_TIMEOUT_SECONDS = 120


def install(root: Path = ROOT) -> str:
    """Bring web/static/vendor up to date with package-lock.json.

    Returns one line for the operator; also when npm is missing or fails, since the pages work without these files.
    """
    vendor = root / "web" / "static" / "vendor"
    stamp = vendor / "lock.sha256"
    wanted = _fingerprint(root)
    if stamp.is_file() and stamp.read_text() == wanted:
        return "front-end files: up to date"
    problem = _npm_ci(root)
    if problem:
        return f"front-end files: {problem}; pages are served without own fonts, calendar and API explorer"
    for source, target in FILES.items():
        destination = vendor / target
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / "node_modules" / source, destination)
    stamp.write_text(wanted)
    return f"front-end files: {len(FILES)} copied"


def _fingerprint(root: Path) -> str:
    """Name the lock and the set of wanted files, so that a change of either is noticed."""
    content = (root / "package-lock.json").read_bytes() + repr(sorted(FILES.items())).encode()
    return hashlib.sha256(content).hexdigest()


def _npm_ci(root: Path) -> str | None:
    """Install exactly the locked packages without running their scripts; the reason when it did not work."""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=INSTALL_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return f"npm ci took longer than {INSTALL_TIMEOUT_SECONDS} s"
    if done.returncode == 0:
        return None
    reasons = [line for line in done.stderr.splitlines() if line.strip()]
    return f"npm ci failed ({reasons[0] if reasons else f'exit {done.returncode}'})"


if __name__ == "__main__":
    print(install())
