"""Browser engines: one way to use and to ask their pages, whatever speaks to them."""
