"""What the pages say is so: programs run, commands exist, links lead somewhere."""

import ast
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from tests.docs.pages import DOCS, FENCE, PAGES, ROOT, Block, blocks, play
from typer.main import get_command

from tertulia import policies
from tertulia.cli import app
from tertulia.orchestrator.transitions import mermaid
from tertulia.simulation.scenario import Cue, Role, Scenario
from tertulia.storage.tables import metadata

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)
TEST = re.compile(r"\btest_\w+")
WIDTH = 100

BLOCKS = [block for page in PAGES for block in blocks(page)]
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def of(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


@pages
@pytest.mark.db
@pytest.mark.net
@pytest.mark.slow
def test_what_a_page_runs_prints_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    for block, told, printed in play(page, tmp_path):
        if block.page.parent == DOCS:
            assert printed == told, block
        else:
            assert told in ("", printed), block


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_every_program_on_a_page_compiles(block: Block) -> None:
    compile(block.text, str(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("block", of("console"), ids=str)
def test_every_command_on_a_page_exists_with_its_options(block: Block) -> None:
    for line, _ in block.dialogue:
        name, *words = shlex.split(line, comments=True)
        command = get_command(app)
        while name != "python" and hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        if name == "tertulia":
            command.make_context(name, words)


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        path, _, heading = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if re.match(r"https?:", target):
            continue
        if not there.exists() or (heading and heading not in headings(there)):
            lost.append(target)
    assert lost == []


def headings(page: Path) -> set[str]:
    """Headings as GitHub writes them into links."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    plain = (re.sub(r"[^\w\- ]", "", heading).lower() for heading in HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)
def test_a_page_is_narrow_enough_to_be_read_beside_code(page: Path) -> None:
    def told(fence: re.Match[str]) -> str:
        return "" if fence["info"].split()[:1] in (["text"], ["console"]) else fence[0]

    prose = FENCE.sub(told, page.read_text(encoding="utf-8")).splitlines()
    assert [line for line in prose if len(line) > WIDTH and not line.startswith("|")] == []


def test_the_diagram_is_the_one_that_the_tables_draw() -> None:
    drawn = [block.text.strip() for block in blocks(DOCS / "orchestrator.md")]
    assert "\n\n".join(text for text in drawn if text.startswith("stateDiagram")) == mermaid()


def test_every_policy_has_its_line() -> None:
    told = (DOCS / "orchestrator.md").read_text(encoding="utf-8")
    ours = [name for name, policy in known_policies() if policy.__module__.startswith("tertulia.")]
    assert ours
    assert [name for name in ours if f"| `{name}`" not in told] == []


def known_policies() -> list[tuple[str, type]]:
    return [(name, type(policies.build(name))) for name in policies.names()]


def test_every_command_and_option_has_its_place() -> None:
    told = (DOCS / "cli.md").read_text(encoding="utf-8")
    ours = commands(get_command(app))
    wanted = {option for command in ours for option in options(command)}
    wanted |= {command.name for command in ours}
    assert sorted(name for name in wanted if not re.search(rf"[` ]{name}[` ]", told)) == []


def commands(command: Any) -> list[Any]:
    inner = getattr(command, "commands", {}).values()
    return [command, *(deeper for one in inner for deeper in commands(one))]


def options(command: Any) -> set[str]:
    return {opt for p in command.params for opt in p.opts if opt.startswith("--")} - {"--help"}


@pytest.mark.parametrize("part", [Scenario, Role, Cue])
def test_every_field_of_a_scenario_has_its_line(part: type[BaseModel]) -> None:
    told = (DOCS / "simulation.md").read_text(encoding="utf-8")
    fields = {field.alias or name for name, field in part.model_fields.items()}
    assert sorted(name for name in fields if not re.search(rf"`{name}[:`]", told)) == []


def test_every_table_has_its_line() -> None:
    told = (DOCS / "storage.md").read_text(encoding="utf-8")
    assert [name for name in metadata.tables if f"| `{name}`" not in told] == []


@pages
def test_a_test_that_a_page_names_exists(page: Path) -> None:
    named = set(TEST.findall(page.read_text(encoding="utf-8")))
    if not named:
        return
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    there = {
        *re.findall(r"def (test_\w+)", code),
        *(p.stem for p in (ROOT / "tests").rglob("*.py")),
    }
    assert sorted(named - there) == []
