#include "plugins/discover/kubernetes/api/answers.hpp"

#include <boost/json.hpp>

#include "plugins/lib/discovery/json_answer.hpp"
#include "plugins/lib/http/headers.hpp"

namespace tarsier::discover_kubernetes {
namespace {

namespace bj = boost::json;
using discovery::find;
using discovery::text;

constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxMessage = 500;

/// What `read` makes of a document. Its memory is one block that goes as a whole.
template <class Read>
auto read_document(std::string_view body, Read&& read) -> Result<decltype(read(bj::object()))> {
  try {
    bj::monotonic_resource memory;
    bj::parse_options options;
    options.max_depth = kMaxDepth;
    return read(bj::parse(body, &memory, options).as_object());
  } catch (const std::exception& thrown) {
    return Error::invalid("the answer is not of the expected form: " + std::string(thrown.what()));
  }
}

Refusal refusal_of(const bj::object& status) {
  Refusal refusal;
  if (const bj::value* code = find(status, "code")) refusal.code = code->to_number<int64_t>();
  refusal.reason = text(status, "reason");
  refusal.message = text(status, "message");
  return refusal;
}

const bj::object& required(const bj::object& in, std::string_view key) {
  const bj::value* found = find(in, key);
  if (found == nullptr) throw std::invalid_argument(std::string(key) + " is missing");
  return found->as_object();
}

}  // namespace

std::string Refusal::text() const {
  std::string out = "HTTP status " + std::to_string(code);
  const std::string& why = message.empty() ? reason : message;
  return why.empty() ? out : out + ": " + why.substr(0, kMaxMessage);
}

Result<Page> parse_page(Kind kind, std::string_view body) {
  return read_document(body, [&](const bj::object& root) {
    Page page;
    const bj::object& meta = required(root, "metadata");
    page.version = text(meta, "resourceVersion");
    page.next = text(meta, "continue");
    if (page.version.empty()) throw std::invalid_argument("the list has no resourceVersion");
    const bj::value* items = find(root, "items");
    if (items == nullptr) return page;
    page.objects.reserve(items->as_array().size());
    for (const bj::value& item : items->as_array()) page.objects.push_back(read_object(kind, item.as_object()));
    return page;
  });
}

Result<Event> parse_event(Kind kind, std::string_view line) {
  return read_document(line, [&](const bj::object& root) {
    const std::string type = text(root, "type");
    const bj::object& object = required(root, "object");
    Event event;
    if (type == "ERROR") {
      event.type = Event::Type::error;
      event.refusal = refusal_of(object);
      return event;
    }
    event.version = text(required(object, "metadata"), "resourceVersion");
    if (event.version.empty()) throw std::invalid_argument("an event has no resourceVersion");
    if (type == "BOOKMARK") return event;
    if (type != "ADDED" && type != "MODIFIED" && type != "DELETED") throw std::invalid_argument("an event of type '" + type + "'");
    event.type = type == "DELETED" ? Event::Type::deleted : Event::Type::changed;
    event.object = read_object(kind, object);
    return event;
  });
}

Refusal parse_refusal(uint32_t code, std::string_view body) {
  auto said = read_document(body, refusal_of);
  Refusal refusal = said ? std::move(*said) : Refusal{};
  refusal.code = code;
  if (refusal.message.empty() && refusal.reason.empty()) refusal.reason = net::reason_phrase(code);
  return refusal;
}

}  // namespace tarsier::discover_kubernetes
