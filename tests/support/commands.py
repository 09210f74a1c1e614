"""The command line, run in this process."""

from sav_core.cli.app import main


def run(capsys, *arguments):
    """Run a command: exit status, standard output, standard error."""
    capsys.readouterr()
    status = main([str(argument) for argument in arguments])
    return status, *capsys.readouterr()
