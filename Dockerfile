# The gateway: one static program, nothing else, for amd64 and arm64.
#
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION="$(git describe --tags --always)" -t corsia .
#
# It writes below /tmp, a day's audit on its way to the archive, and nowhere else: run it with a read-only root and a volume
# there. Its settings are environment variables (README.md).
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETARCH
ARG VERSION=dev
RUN CGO_ENABLED=0 GOOS=linux GOARCH=$TARGETARCH go build -trimpath -ldflags "-s -w -X corsia/gateway/app.Version=$VERSION" -o out/corsia ./gateway

# It has the roots of TLS and the zones of time, and no shell.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /src/out/corsia /corsia
USER 65532:65532
ENV ENV=production ADDR=0.0.0.0:8080
# Who mounts a volume here, on Fargate too, gets the mode that /tmp has in the image: everybody may write.
VOLUME ["/tmp"]
EXPOSE 8080
# The process and the store: an orchestrator that starts again what is not well asks `health -live` instead.
HEALTHCHECK --interval=10s --timeout=5s --retries=3 CMD ["/corsia", "health"]
ENTRYPOINT ["/corsia"]
CMD ["serve"]
