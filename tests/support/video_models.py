"""Chat templates that write a place for videos, as those on the hub do, for tiny checkpoints."""

_PADS = "<|vision_start|><|video_pad|><|vision_end|>"
VIDEO_PLACES = {
    "glm4v": "<|begin_of_video|><|video|><|end_of_video|>",
    "internvl": "<video>\n",
    "llava_next_video": "<video>\n",
    "llava_onevision": "<video>\n",
    "qwen2_5_vl": _PADS,
    "qwen2_vl": _PADS,
    "qwen3_vl": _PADS,
    "qwen3_vl_moe": _PADS,
    "smolvlm": "<video>",
    "video_llama_3": "<video>",
    "video_llava": "<video>\n",
}
"""What a template writes for a clip, by architecture."""


def with_video_places(architecture, folder):
    """Teach the chat template of a checkpoint of one's own where videos stand, and return its folder."""
    path = folder / "chat_template.jinja"
    template = path.read_text()
    place = "{% elif part['type'] == 'video' %}" + VIDEO_PLACES[architecture]
    for ending in ("{% else %}{{ part['text']", "{% else %}<image>"):
        template = template.replace(ending, place + ending)
    assert place in template
    path.write_text(template)
    return folder
