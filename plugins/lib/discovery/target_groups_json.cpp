// The JSON form. A reader of its own, because it tells line and column: lists of targets are written by hand and by scripts.
#include <algorithm>
#include <optional>

#include "plugins/lib/discovery/target_groups.hpp"
#include "plugins/lib/http/headers.hpp"
#include "tarsier/http.hpp"
#include "tarsier/utf8.hpp"

namespace tarsier::discovery {
namespace {

void append_utf8(std::string& out, uint32_t code) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((code >> shift) & 0x3fU)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0U | (code >> 12U));
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xf0U | (code >> 18U));
    tail(12), tail(6), tail(0);
  }
}

/// Every step returns false once something is wrong; the first finding stays.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  Result<void> read(TargetList& out) {
    if (groups(out) && peek() != '\0') fail("nothing may follow the list");
    if (at_ < text_.size() && finding_.empty()) fail("unexpected character");
    if (!finding_.empty()) return Error::invalid(finding_);
    return {};
  }

 private:
  bool fail(const std::string& what) {
    if (!finding_.empty()) return false;
    const std::string_view before = text_.substr(0, at_);
    const size_t last_break = before.rfind('\n');
    finding_ = std::to_string(std::count(before.begin(), before.end(), '\n') + 1) + ":" +
               std::to_string(last_break == std::string_view::npos ? at_ + 1 : at_ - last_break) + ": " + what;
    return false;
  }
  bool expect(const char* what) { return fail(std::string("expected ") + what + (at_ < text_.size() ? "" : ", found the end")); }

  /// The next character that means something, '\0' at the end.
  char peek() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  bool take_null() {
    if (peek() != 'n' || text_.substr(at_, 4) != "null") return false;
    at_ += 4;
    return true;
  }

  /// The entries between `open` and `close`; null stands for none.
  template <class Entry>
  bool entries(char open, char close, const char* what, Entry&& entry) {
    if (take_null()) return true;
    if (!take(open)) return expect(what);
    if (take(close)) return true;
    do {
      if (!entry()) return false;
    } while (take(','));
    return take(close) || expect(close == ']' ? "',' or ']'" : "',' or '}'");
  }

  bool groups(TargetList& out) {
    return entries('[', ']', "a list of target groups", [&] {
      if (peek() == 'n') return fail("a target group is null");
      TargetGroup read;
      if (!group(read)) return false;
      const auto added = out.add(std::move(read));
      return added.ok() || fail(added.error().message());
    });
  }

  bool group(TargetGroup& out) {
    return entries('{', '}', "a target group: {\"targets\": [...], \"labels\": {...}}", [&] {
      peek();
      const size_t begin = at_;
      const auto name = string("the name of a field");
      if (!name || !(take(':') || expect("':'"))) return false;
      if (net::equal_ignoring_case(*name, "targets")) return addresses(out.addresses = {});
      if (net::equal_ignoring_case(*name, "labels")) return labels(out.labels = {});
      at_ = begin;
      return fail("unknown field \"" + *name + "\": a target group has \"targets\" and \"labels\"");
    });
  }

  bool addresses(std::vector<std::string>& out) {
    return entries('[', ']', "a list of addresses", [&] {
      auto address = string_or_null("an address: \"host:port\"");
      if (address) out.push_back(std::move(*address));
      return address.has_value();
    });
  }

  bool labels(TargetLabels& out) {
    return entries('{', '}', "labels: {\"name\": \"value\"}", [&] {
      peek();
      const size_t begin = at_;
      auto name = string("the name of a label");
      if (!name || !(take(':') || expect("':'"))) return false;
      auto value = string_or_null("the value of a label, a string");
      if (!value) return false;
      if (const std::string fault = label_fault(*name, *value); !fault.empty()) {
        at_ = begin;
        return fail(fault);
      }
      out.insert_or_assign(std::move(*name), std::move(*value));
      return true;
    });
  }

  std::optional<std::string> string_or_null(const char* what) { return take_null() ? std::string() : string(what); }

  std::optional<std::string> string(const char* what) {
    if (!take('"')) return expect(what), std::nullopt;
    std::string out;
    while (true) {
      const size_t end = text_.find_first_of("\"\\\n", at_);
      if (end == std::string_view::npos || text_[end] == '\n') return fail("a string does not end"), std::nullopt;
      const std::string_view plain = text_.substr(at_, end - at_);
      if (!is_utf8(plain) || std::any_of(plain.begin(), plain.end(), [](char c) { return c >= 0 && c < ' '; }))
        return fail("a string with bytes that are not UTF-8, or with control characters"), std::nullopt;
      out += plain;
      at_ = end + 1;
      if (text_[end] == '"') return out;
      if (!escape(out)) return fail("an escape that JSON does not have"), std::nullopt;
    }
  }

  /// What follows a backslash.
  bool escape(std::string& out) {
    static constexpr std::string_view kLetters = "\"\\/bfnrt", kMeaning = "\"\\/\b\f\n\r\t";
    const char letter = at_ < text_.size() ? text_[at_] : '\0';
    if (const size_t known = kLetters.find(letter); known != std::string_view::npos && letter != '\0') {
      out += kMeaning[known];
      ++at_;
      return true;
    }
    auto code = code_unit();
    if (!code) return false;
    at_ += 5;
    if (*code >= 0xd800 && *code < 0xdc00 && at_ < text_.size() && text_[at_] == '\\') {
      ++at_;
      if (const auto low = code_unit(); low && *low >= 0xdc00 && *low < 0xe000) {
        at_ += 5;
        append_utf8(out, 0x10000 + ((*code - 0xd800) << 10U) + (*low - 0xdc00));
        return true;
      }
      --at_;
    }
    append_utf8(out, *code >= 0xd800 && *code < 0xe000 ? 0xfffd : *code);  // half of a pair, as Go reads it
    return true;
  }

  /// "u12ab" at this place.
  std::optional<uint32_t> code_unit() const {
    if (at_ + 5 > text_.size() || text_[at_] != 'u') return std::nullopt;
    uint32_t code = 0;
    for (size_t i = 1; i <= 4; ++i) {
      const int digit = http::hex_value(text_[at_ + i]);
      if (digit < 0) return std::nullopt;
      code = code * 16 + static_cast<uint32_t>(digit);
    }
    return code;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string finding_;
};

}  // namespace

Result<std::vector<TargetLabels>> parse_json_groups(std::string_view text, const TargetLabels& extra) {
  TargetList list(extra);
  if (auto read = JsonReader(text).read(list); !read) return std::move(read).error();
  return list.take();
}

}  // namespace tarsier::discovery
