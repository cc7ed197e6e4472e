# The service: Node and nothing else. Mount a Stars home (inventories/, stack/, stars.yml) at /home/stars/home
# and give the data a volume at /home/stars/data.
FROM node:20-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json bundle.js ./
COPY src src
COPY commands commands
COPY bin bin
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
RUN useradd --create-home --uid 10001 stars && install -d -o stars -g stars /home/stars/home /home/stars/data
WORKDIR /opt/stars
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
COPY bin bin
COPY stack stack
COPY inventories/sandbox inventories/sandbox
USER stars
ENV NODE_ENV=production STARS_HOME=/home/stars/home STARS_DATA=/home/stars/data PORT=3000
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s CMD ["node", "-e", "fetch('http://127.0.0.1:3000/healthz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/stars.js"]
CMD ["serve"]
