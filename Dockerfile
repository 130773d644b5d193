# docker build -t curate .                               check, dedup, conflicts, split, verify
# docker build -t curate-train --build-arg EXTRAS=all .  with models, the review and the trainer
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data" curate check data.jsonl
FROM python:3.12-slim
ARG EXTRAS=""
COPY . /source
RUN pip install --no-cache-dir "/source${EXTRAS:+[$EXTRAS]}" && rm -rf /source \
    && useradd --create-home curate
ENV HOME=/tmp
USER curate
WORKDIR /data
ENTRYPOINT ["curate"]
CMD ["--help"]
