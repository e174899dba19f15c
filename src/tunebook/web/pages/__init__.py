"""The pages, one file each: see `tunebook.web.page.Page`."""
