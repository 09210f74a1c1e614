"""Arrays become Plotly figures and overlays."""
