"""tunebook completion: a script that lets the shell complete commands and options, and what it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer
from tunebook.cli.options import argument, wrong

if TYPE_CHECKING:
    from collections.abc import Sequence

ASKED = "TUNEBOOK_COMPLETE"  # set by a shell's script: the words so far, the last of which is to be completed
COMMON = ("--json", "--debug", "--offline")
_SCRIPTS = {
    "bash": """_tunebook() {{
    local words="${{COMP_WORDS[*]:1:COMP_CWORD}}"
    [ -n "${{COMP_WORDS[COMP_CWORD]}}" ] || words="$words "
    COMPREPLY=($(compgen -W "$({asked}="$words" tunebook)" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _tunebook tunebook""",
    "zsh": """_tunebook() {{
    local -a found=(${{(f)"$({asked}="${{words[2,CURRENT]}}" tunebook)"}})
    compadd -a found || _files
}}
compdef _tunebook tunebook""",
    "fish": """function _tunebook
    env {asked}=(string join " " (commandline -opc)[2..] (commandline -ct)) tunebook
end
complete -c tunebook -a '(_tunebook)'""",
}
Shell = Annotated[str, argument("shell", "bash|zsh|fish")]


def completion(shell: Shell) -> Answer:
    """Print the script of a shell."""
    if shell not in _SCRIPTS:
        raise wrong("SHELL", shell, " | ".join(_SCRIPTS))
    script = _SCRIPTS[shell].format(asked=ASKED)
    return Answer({"shell": shell, "script": script}, lambda screen: screen.print(script, soft_wrap=True))


def candidates(line: str, root: Any) -> list[str]:
    """What may stand in place of the last word of a line: commands, or options of the command before it.

    Args:
        root: the command `tunebook`.
    """
    *before, last = line.split(" ")
    command: Any = root
    context = command.make_context("tunebook", [], resilient_parsing=True)
    for word in filter(None, before):
        if hasattr(command, "list_commands") and word in command.list_commands(context):
            command = command.get_command(context, word)
            context = command.make_context(word, [], parent=context, resilient_parsing=True)
    known = command.list_commands(context) if hasattr(command, "list_commands") else []
    if last.startswith("-"):
        known = _options(command, context)
    return sorted(name for name in known if name.startswith(last))


def _options(command: Any, context: Any) -> Sequence[str]:
    parameters = [item for item in command.get_params(context) if item.param_type_name == "option"]
    return [*COMMON, *(flag for item in parameters for flag in (*item.opts, *item.secondary_opts) if flag[:2] == "--")]


__all__ = ["ASKED", "COMMON", "candidates", "completion"]
