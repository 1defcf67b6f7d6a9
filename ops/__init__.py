"""How it is put together and run: the command line, the wiring, the processes, the embedded servers, the sandbox."""
