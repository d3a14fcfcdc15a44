#include "plugins/discover/kubernetes/api/api_client.hpp"

#include "plugins/lib/client_config/request.hpp"

namespace tarsier::discover_kubernetes {

std::string Scope::name() const {
  std::string text(plural(kind));
  if (!name_space.empty()) text += " in " + name_space;
  text += " of " + access.name();
  if (!label_selector.empty()) text += " with labels " + label_selector;
  return field_selector.empty() ? text : text + " with fields " + field_selector;
}

namespace {

std::string selectors(const Scope& scope) {
  std::string text;
  if (!scope.label_selector.empty()) text += "&labelSelector=" + discovery::percent_encode(scope.label_selector);
  if (!scope.field_selector.empty()) text += "&fieldSelector=" + discovery::percent_encode(scope.field_selector);
  return text;
}

}  // namespace

std::string Scope::list_path(uint32_t limit, const std::string& next) const {
  std::string query = selectors(*this);
  if (limit != 0) query += "&limit=" + std::to_string(limit);
  if (!next.empty()) query += "&continue=" + discovery::percent_encode(next);
  if (!query.empty()) query.front() = '?';
  return path_of(kind, name_space) + query;
}

std::string Scope::watch_path(const std::string& version, int64_t timeout_seconds) const {
  return path_of(kind, name_space) + "?watch=true&allowWatchBookmarks=true&resourceVersion=" + discovery::percent_encode(version) +
         "&timeoutSeconds=" + std::to_string(timeout_seconds) + selectors(*this);
}

Result<void> ApiClient::get(const AccessSource& source, const std::string& path, const Limits& limits, http::Done done) const {
  auto access = source.read();
  if (!access) return std::move(access).error();
  const discovery::HttpQuestion question = {access->server + path, {}, limits.timeout_ns, limits.max_body_bytes};
  std::vector<tarsier_pair> headers;
  return client_config::request(host_, http_, access->http.client, discovery::request_of(access->http, question, headers),
                                std::move(done));
}

Result<void> ApiClient::stream(const AccessSource& source, const std::string& path, const Limits& limits, http::OnPiece on_piece,
                               http::Done done, std::function<void(http::Stream)> begun) const {
  auto access = source.read();
  if (!access) return std::move(access).error();
  const discovery::HttpQuestion question = {access->server + path, {}, limits.timeout_ns, limits.max_body_bytes};
  std::vector<tarsier_pair> headers;
  return client_config::stream(host_, http_, access->http.client, discovery::request_of(access->http, question, headers),
                               limits.quiet_timeout_ns, std::move(on_piece), std::move(done), std::move(begun));
}

}  // namespace tarsier::discover_kubernetes
