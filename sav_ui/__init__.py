"""The pages of SAV Explorer: Gradio lives here and in app.py, the method in ``sav_core``."""
