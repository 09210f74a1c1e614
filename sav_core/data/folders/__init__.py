"""Where the files of a set lie, in folders, ZIPs or at addresses, and what their folders say of them."""
