# docker build -t curate .                               check, dedup, conflicts, split, verify
# docker build -t curate-train --build-arg EXTRAS=all .  with models, the review and the trainer
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data" curate check data.jsonl
FROM python:3.12-slim
ARG EXTRAS=""
COPY . /source
RUN pip install --no-cache-dir "/source${EXTRAS:+[$EXTRAS]}" && rm -rf /source \
    && useradd --create-home curate
ENV HOME=/tmp NUMBA_CACHE_DIR=/var/cache/curate
# Compiled once, for any user: otherwise each container compiles what dedup, split and decontaminate run.
RUN mkdir /tmp/some && cd /tmp/some \
    && printf '{"prompt": "Where is %s?", "completion": "It is near the old bridge%s on the left bank of the river, 20 steps from the market."}\n' \
        it , it ';' it , 'the tower' , 'the inn' ' and' > some.jsonl \
    && curate dedup some.jsonl -o kept.jsonl --yes && curate split some.jsonl -o out --yes \
    && curate decontaminate some.jsonl --bench kept.jsonl -o clean.jsonl \
    && rm -rf /tmp/some /tmp/.cache /tmp/.local && chmod -R a+rwX "$NUMBA_CACHE_DIR"
USER curate
WORKDIR /data
ENTRYPOINT ["curate"]
CMD ["--help"]
