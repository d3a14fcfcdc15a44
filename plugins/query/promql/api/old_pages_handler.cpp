// Addresses of the original's web pages: links in alerts and bookmarks lead there. They lead on to what the API answers on the same
// subject, which works on every entrypoint of this API.
#include <algorithm>
#include <array>

#include "plugins/query/promql/api/handlers.hpp"

namespace tarsier::promql {
namespace {

struct OldPage {
  std::string_view path, answer;
};
constexpr std::array kOldPages = {OldPage{"/alerts", "/api/v1/alerts"},
                                  OldPage{"/rules", "/api/v1/rules"},
                                  OldPage{"/targets", "/api/v1/targets"},
                                  OldPage{"/service-discovery", "/api/v1/targets"},
                                  OldPage{"/config", "/api/v1/status/config"},
                                  OldPage{"/flags", "/api/v1/status/flags"},
                                  OldPage{"/status", "/api/v1/status/runtimeinfo"},
                                  OldPage{"/tsdb-status", "/api/v1/status/tsdb"}};

/// The value of the first parameter of that name, still encoded.
std::string_view encoded_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const size_t equal = std::min(pair.find('='), pair.size());
    if (http::decode(pair.substr(0, equal)) == name) return pair.substr(std::min(equal + 1, pair.size()));
  }
  return {};
}

}  // namespace

std::string old_page_target(std::string_view path, std::string_view query) {
  const auto* known = std::find_if(kOldPages.begin(), kOldPages.end(), [&](const OldPage& page) { return page.path == path; });
  if (known != kOldPages.end()) return std::string(known->answer);
  const std::string_view expression = encoded_value(query, "g0.expr");
  return expression.empty() ? "/api/v1/status/buildinfo" : "/api/v1/query?query=" + std::string(expression);
}

void Api::old_page(const Request& request, const Exchange& exchange) {
  const std::string location = std::string(request.prefix()) + old_page_target(request.path(), request.query());
  exchange.respond(302, "text/plain; charset=utf-8", "", {{str("location"), str(location)}});
}

Result<void> Api::add_old_pages(http::Routes& routes) {
  const auto add = [&](std::string_view path) {
    http::RouteSpec spec;
    spec.api = "prometheus";
    spec.pattern = path;
    spec.permission = "public";  // tells nothing; what it leads to asks for its own permission
    return routes.add(spec, [this](const Request& request, const Exchange& exchange) { old_page(request, exchange); });
  };
  for (const std::string_view path : {"/", "/graph", "/query"})
    if (auto added = add(path); !added) return added;
  for (const OldPage& page : kOldPages)
    if (auto added = add(page.path); !added) return added;
  return {};
}

}  // namespace tarsier::promql
