"""The charts of molq's pages, as specifications that the page's own Plotly draws."""
