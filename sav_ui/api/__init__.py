"""The app without its pages: ``/fit`` and ``/classify`` for programs, through ``gradio_client`` or as MCP tools.

    client = Client("http://localhost:7860")
    heads, scores, classifier = client.predict([handle_file("owl.png"), ...], ["owl", ...], api_name="/fit")
    answers = client.predict([handle_file("what.png")], handle_file(classifier), api_name="/classify")

They know no visitor and keep nothing: all that one call learns is in the ``.sav`` file that it returns.
"""
