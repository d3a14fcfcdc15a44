// Routing: prefixes, and precedence between an API's routes and those of every entrypoint.
#include "plugins/net/routing.hpp"

#include <algorithm>
#include <iterator>

#include "plugins/lib/http/target.hpp"

namespace tarsier::net {

Routing::Routing(DispatchContext context, std::string root, std::vector<std::string> apis)
    : context_(std::move(context)), root_(std::move(root)), apis_(std::move(apis)) {}

void Routing::Choice::apply(Request& request) const {
  request.api = api;
  request.prefix = prefix;
  request.path = join_path(request.segments, first);
  request.path_args = match.args;
}

bool Routing::serves(const std::string& api) const {
  return !api.empty() && api != "*" && api != root_ &&
         std::any_of(apis_.begin(), apis_.end(), [&](const std::string& each) { return each == "*" || each == api; });
}

Routing::Choice Routing::choose(const Request& request) const {
  Choice choice;
  choice.in_transit = context_.in_transit("");
  choice.api = root_;
  const std::string& head = request.segments.front();
  if (serves(head) && context_.router->has_api(head)) {
    choice.api = head;
    choice.prefix = "/" + head;
    choice.first = 1;
  }
  choice.match = context_.router->find(choice.api, request.segments, choice.first, request.method);
  if (!choice.match.route || choice.match.by_rest) {
    // What stands on every entrypoint gives way to an API's own route, but not to its "**".
    auto everywhere = context_.router->find("*", request.segments, choice.first, request.method);
    if (everywhere.route || (!choice.match.route && everywhere.allowed != 0)) {
      everywhere.allowed |= choice.match.allowed;
      choice.match = std::move(everywhere);
    }
  }
  choice.route = std::static_pointer_cast<PluginRoute>(choice.match.route);
  return choice;
}

bool Routing::must_wait(const Choice& choice) const {
  if (!choice.in_transit) return false;
  if (!choice.route) return true;
  if (choice.route->pattern.starts_with("/-/")) return false;  // the state of the process, also and above all now
  if (choice.match.by_rest || choice.route->owner.empty()) return true;
  return context_.in_transit(choice.route->owner);
}

/// "//api/v1/query/" leads to "/api/v1/query", as with the original; null when that is nothing, either.
std::optional<Answer> Routing::tidied(const Request& request, const Choice& choice) const {
  if (choice.api != "prometheus") return std::nullopt;
  std::vector<std::string> segments;
  std::copy_if(request.segments.begin() + static_cast<ptrdiff_t>(choice.first), request.segments.end(),
               std::back_inserter(segments), [](const std::string& each) { return !each.empty(); });
  if (segments.empty() || segments.size() + choice.first == request.segments.size()) return std::nullopt;
  const auto known = [&](std::string_view api) {
    const Router::Match match = context_.router->find(api, segments, 0, request.method);
    return match.route != nullptr || match.allowed != 0;
  };
  if (!known(choice.api) && !known("*")) return std::nullopt;
  std::string location;
  for (std::string_view rest = request.raw_path; !rest.empty();) {
    const size_t end = std::min(rest.find('/'), rest.size());
    if (end != 0) location.append("/").append(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!request.query.empty()) location += "?" + request.query;
  // A client that follows 301 drops the body of a POST; 308 has it sent again.
  const bool reads_only = (request.method & (TARSIER_HTTP_GET | TARSIER_HTTP_HEAD)) != 0;
  return Answer{reads_only ? 301U : 308U, {{"Location", location}}, ""};
}

Answer Routing::unmatched(const Request& request, const Choice& choice) const {
  const bool prometheus = choice.api == "prometheus" && request.path.starts_with("/api/v1/");
  const bool asks_for_methods = request.method == TARSIER_HTTP_OPTIONS;
  if (prometheus && asks_for_methods) return {204, {}, ""};
  if (choice.match.allowed != 0) {
    Answer answer = asks_for_methods ? Answer{200, {}, ""} : text_answer(405, "Method Not Allowed");
    answer.headers.push_back({"Allow", method_list(choice.match.allowed | TARSIER_HTTP_OPTIONS)});
    return answer;
  }
  if (auto answer = tidied(request, choice)) return std::move(*answer);
  // To an API that no plugin serves, but may yet: who sends something is to keep it.
  const bool kept = (request.method & (TARSIER_HTTP_POST | TARSIER_HTTP_PUT)) != 0 && choice.api == root_ && !root_.empty() &&
                    !context_.router->has_api(root_);
  if (context_.is_ready() && !context_.in_transit("") && !kept) return text_answer(404, "404 page not found");
  Answer answer = text_answer(503, "Service Unavailable: " + (kept ? "no plugin serves '" + root_ + "'" : std::string("starting")));
  answer.headers.push_back({"Retry-After", "1"});
  return answer;
}

}  // namespace tarsier::net
