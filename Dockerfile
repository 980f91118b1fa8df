# The operator and the command line in one image: docker build -t darkfactory:dev .
# Without a shell, as a numeric user that is not root; nothing is written to the root file system.

# Node as in package.json: what the tests ran on. Tags and no digests, for this repository is developed where no registry can
# be asked for one: pin where you build for production, with --build-arg NODE_IMAGE=…@sha256:… and BASE_IMAGE. Of a release
# the provenance records the digests that the tags stood for.
ARG NODE_IMAGE=docker.io/library/node:24.21.0-bookworm-slim
# glibc, libstdc++ and CA certificates, and nothing else.
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY scripts ./scripts
# esbuild needs no install script: its program is a package of its own.
RUN npm ci --ignore-scripts
COPY src ./src
RUN node scripts/build.mjs

FROM ${BASE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="darkfactory" \
      org.opencontainers.image.description="A Kubernetes operator that runs a fleet of autonomous AI agents and corrects the ones that drift" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /src/package.json /app/package.json
COPY --from=build /src/dist /app/dist
COPY LICENSE /app/LICENSE
ENV NODE_ENV=production
# After a burst of 300 agents the process had grown by 22 MB instead of 83: glibc would keep freed memory for every thread,
# and V8 let its young generation grow to 128 MB (docs/benchmarks.md).
ENV MALLOC_ARENA_MAX=1
WORKDIR /app
# distroless' nonroot. Kubernetes can check runAsNonRoot only on a number.
USER 65532:65532
EXPOSE 8080 8081
# Without --enable-source-maps, which costs 75 MB; to see a stack trace in terms of the sources set
# NODE_OPTIONS=--enable-source-maps.
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=16", "/app/dist/main.js"]
