// What the API server answers, read: pages of lists, events of watches, and why it does not do what it was asked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/discover/kubernetes/api/objects.hpp"
#include "tarsier/result.hpp"

namespace tarsier::discover_kubernetes {

struct Page {
  std::vector<ObjectPtr> objects;
  std::string version;  // a watch goes on from here
  std::string next;     // what the next page is asked for with; "" of the last one
};

/// An object of kind Status: of an answer that is none, or of an ERROR event.
struct Refusal {
  int64_t code = 0;
  std::string reason, message;
  /// The version that was asked for is too old: only a new list helps.
  bool is_gone() const { return code == 410 || reason == "Expired" || reason == "Gone"; }
  /// "HTTP status 403: pods is forbidden: ..."
  std::string text() const;
};

struct Event {
  enum class Type : uint8_t { changed, deleted, bookmark, error };
  Type type = Type::bookmark;
  ObjectPtr object;     // changed, deleted
  std::string version;  // all but error
  Refusal refusal;      // error
};

/// Both return INVALID for text that is no JSON or not of the expected form.
Result<Page> parse_page(Kind kind, std::string_view body);
Result<Event> parse_event(Kind kind, std::string_view line);
/// Of the body of an answer with another status than 200, whatever that is.
Refusal parse_refusal(uint32_t code, std::string_view body);

}  // namespace tarsier::discover_kubernetes
