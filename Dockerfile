# docker build -t curate .                               check, dedup, conflicts, split, verify
# docker build -t curate-train --build-arg EXTRAS=all .  with models, the review and the trainer
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data" curate check data.jsonl
FROM python:3.12-slim
ARG EXTRAS=dedup
COPY . /source
RUN pip install --no-cache-dir "/source[$EXTRAS]" && rm -rf /source \
    && useradd --create-home curate
ENV HOME=/tmp NUMBA_CACHE_DIR=/var/cache/curate
# Compiled once, for any user: otherwise each container compiles what dedup, split and decontaminate run.
RUN curate --install-cache && rm -rf /tmp/.cache /tmp/.local && chmod -R a+rwX "$NUMBA_CACHE_DIR"
USER curate
WORKDIR /data
ENTRYPOINT ["curate"]
CMD ["--help"]
