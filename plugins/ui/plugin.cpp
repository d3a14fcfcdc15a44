// ui - the web page: its files from memory, and what it needs to know of the host.
#include "tarsier/plugin.hpp"

#include <array>
#include <string>

#include "plugins/ui/assets.hpp"
#include "tarsier/http.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::ui {
namespace {

constexpr std::array<std::string_view, 4> kPages = {"/", "/targets", "/alerts", "/plugins"};

std::string collect(void (*write)(const tarsier_host*, tarsier_sink), const tarsier_host* host) {
  std::string text;
  write(host, {&text, [](void* user, tarsier_bytes piece) { static_cast<std::string*>(user)->append(view(piece)); }});
  return text;
}

void not_found(const http::Exchange& exchange) { exchange.respond(404, "text/plain; charset=utf-8", "404 page not found\n"); }

void send(const Asset& asset, const http::Request& request, const http::Exchange& exchange, std::string_view cache,
          uint32_t code = 200) {
  const std::string etag = "\"" + std::string(asset.hash) + "\"";
  if (request.header("if-none-match").find(etag) != std::string_view::npos)
    return exchange.respond(304, asset.content_type, "", {field("etag", etag), field("cache-control", cache)});
  const Encoding encoding = choose_encoding(request.header("accept-encoding"));
  const std::string_view body = encoding == Encoding::brotli ? asset.brotli : encoding == Encoding::gzip ? asset.gzip : asset.plain;
  const std::string_view name = encoding == Encoding::brotli ? "br" : encoding == Encoding::gzip ? "gzip" : "identity";
  exchange.respond(
      code, asset.content_type, body,
      {field("content-encoding", name), field("vary", "accept-encoding"), field("etag", etag), field("cache-control", cache),
       field("x-content-type-options", "nosniff"), field("referrer-policy", "no-referrer"), field("x-frame-options", "DENY"),
       field("content-security-policy",
             "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
             "base-uri 'none'; form-action 'self'; frame-ancestors 'none'")});
}

class UiPlugin final : public Plugin {
 public:
  using Plugin::Plugin;

  Result<void> configure(const Config&) override {
    if (find_asset("/index.html") == nullptr) return Error::internal("this plugin was built without its page");
    return {};
  }

  Result<void> start() override {
    for (const std::string_view page : kPages) {
      auto added = add(page, "public", [](const http::Request& request, const http::Exchange& exchange) {
        send(*find_asset("/index.html"), request, exchange, "no-cache");
      });
      if (!added) return added;
    }
    // Where links in alerts lead when this is their external_url: the API behind its prefix leads on.
    auto graph = add("/graph", "public", [](const http::Request& request, const http::Exchange& exchange) {
      const std::string location = "/prometheus/graph?" + std::string(request.query());
      exchange.respond(302, "text/plain; charset=utf-8", "", {field("location", location)});
    });
    if (!graph) return graph;
    // Any other address that a person types gets the page, which says that there is nothing; a program gets a line.
    auto other = add("/**", "public", [](const http::Request& request, const http::Exchange& exchange) {
      if (request.header("accept").find("text/html") == std::string_view::npos) return not_found(exchange);
      send(*find_asset("/index.html"), request, exchange, "no-cache", 404);
    });
    if (!other) return other;
    // The names of these files change with their contents.
    auto added = add("/assets/**", "public", [](const http::Request& request, const http::Exchange& exchange) {
      const Asset* asset = find_asset(request.path());
      if (asset == nullptr) return not_found(exchange);
      send(*asset, request, exchange, "public, max-age=31536000, immutable");
    });
    if (!added) return added;
    added = add("/api/plugins", "status:read", [this](const http::Request&, const http::Exchange& exchange) {
      exchange.respond(200, "application/json", collect(host().control->plugins_json, host().raw()),
                       {field("cache-control", "no-store")});
    });
    if (!added) return added;
    // As Grafana answers it. What stands for its database here is the store of samples.
    store_ = ServiceRef<tarsier_samples_store>(host(), TARSIER_SAMPLES_STORE_SERVICE);
    return add("/api/health", "public", [this](const http::Request&, const http::Exchange& exchange) {
      const bool well = store_.acquire_wait().ok();
      exchange.respond(well ? 200 : 503, "application/json",
                       well ? R"({"database":"ok","version":"0.1.0"})" : R"({"database":"failing","version":"0.1.0"})",
                       {field("cache-control", "no-store")});
    });
  }

  Result<void> stop(int64_t) override {
    routes_.clear();
    return {};
  }

 private:
  Result<void> add(std::string_view pattern, std::string_view permission, http::Handler handler) {
    return routes_.add({.api = "", .pattern = pattern, .permission = permission}, std::move(handler));
  }
  ServiceRef<tarsier_samples_store> store_;
  http::Routes routes_{host()};
};

constexpr tarsier_need kNeeds[] = {need(TARSIER_HTTP_SERVICE)};
TARSIER_TABLE(kNeedTable, kNeeds);
constexpr const char* kKinds[] = {"ui", nullptr};

constexpr tarsier_plugin kPlugin = describe<UiPlugin>({
    .id = "ui",
    .version = "0.1.0",
    .summary = "The web page: this machine live, targets, alerts, plugins.",
    .kinds = kKinds,
    .needs = kNeedTable.data(),
    .sample_toml = "[plugin.ui]\n",
    .flags = TARSIER_PLUGIN_PARALLEL | TARSIER_PLUGIN_SINGLETON,
});

}  // namespace
}  // namespace tarsier::ui

TARSIER_PLUGIN(tarsier::ui::kPlugin, "ui", "ui", "0.1.0")
