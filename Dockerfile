# The app with its embedded model, for a machine of your own; docs/hosting.md says how to build and run it.
# It needs 2 GB of memory with the embedded model: docker run --memory 2g ... A hub model needs what the menu says.
FROM python:3.12-slim

# Options for pip, such as the index of a torch build for CPUs alone, which is several GB smaller.
ARG PIP_OPTIONS=""

RUN useradd --uid 1000 --create-home visitor
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check $PIP_OPTIONS -r requirements.txt
COPY LICENSE app.py ./
COPY assets assets
COPY sav_core sav_core
COPY sav_ui sav_ui

ENV GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    PYTHONDONTWRITEBYTECODE=1 \
    SAV_CACHE_DIR=/home/visitor/cache \
    SAV_LOG=json \
    SAV_WORK_GIB=1
USER 1000
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ['GRADIO_SERVER_PORT'] + '/health', timeout=9)"]
CMD ["python", "app.py"]
