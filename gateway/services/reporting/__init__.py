"""Reports: what was asked, the figures, the requests behind each figure, and the files they leave as."""
