"""The desk's pages: the list of files, one file, the public register. All of them work without scripts."""
