#include "plugins/lib/template/functions.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <map>
#include <re2/re2.h>

#include "plugins/lib/template/humanize.hpp"

namespace tarsier::tmpl {
namespace {

using Arguments = std::vector<Value>;
using Function = Result<Value> (*)(const Arguments&, const Environment&);

struct Entry {
  size_t least;
  size_t most;
  Function function;
};
constexpr size_t kAny = SIZE_MAX;

Result<double> number(const Value& value) {
  double result = 0;
  if (value.to_number(result)) return result;
  return Error::invalid("expected a number, got " + std::string(value.type_name()) + " \"" + value.print() + "\"");
}

template <std::string (*Format)(double)>
Result<Value> formatted(const Arguments& arguments, const Environment&) {
  const auto value = number(arguments[0]);
  if (!value) return value.error();
  return Value(Format(*value));
}

// ---- comparison ----------------------------------------------------------------------------------------------------------

Result<int> compare(const Value& a, const Value& b) {
  const bool both_text = a.string() != nullptr && b.string() != nullptr;
  if (both_text) return a.string()->compare(*b.string());
  if (a.boolean() != nullptr && b.boolean() != nullptr) return static_cast<int>(*a.boolean()) - static_cast<int>(*b.boolean());
  const bool numbers = a.string() == nullptr && b.string() == nullptr;
  double x = 0;
  double y = 0;
  if (!numbers || !a.to_number(x) || !b.to_number(y))
    return Error::invalid("cannot compare " + std::string(a.type_name()) + " with " + std::string(b.type_name()));
  return x < y ? -1 : x > y ? 1 : 0;
}

Result<Value> equal(const Arguments& arguments, const Environment&) {
  for (size_t i = 1; i < arguments.size(); ++i) {
    const auto order = compare(arguments[0], arguments[i]);
    if (!order) return order.error();
    if (*order == 0) return Value(true);
  }
  return Value(false);
}

bool is_ne(int order) { return order != 0; }
bool is_lt(int order) { return order < 0; }
bool is_le(int order) { return order <= 0; }
bool is_gt(int order) { return order > 0; }
bool is_ge(int order) { return order >= 0; }

template <bool (*Holds)(int)>
Result<Value> ordered(const Arguments& arguments, const Environment&) {
  const auto order = compare(arguments[0], arguments[1]);
  if (!order) return order.error();
  return Value(Holds(*order));
}

// ---- collections ---------------------------------------------------------------------------------------------------------

Result<Value> length(const Arguments& arguments, const Environment&) {
  const Value& of = arguments[0];
  if (of.string() != nullptr) return Value(static_cast<int64_t>(of.string()->size()));
  if (of.list() != nullptr) return Value(static_cast<int64_t>(of.list()->size()));
  if (of.map() != nullptr) return Value(static_cast<int64_t>(of.map()->size()));
  return Error::invalid("len of " + std::string(of.type_name()));
}

Result<Value> index(const Arguments& arguments, const Environment&) {
  Value at = arguments[0];
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (const auto* map = at.map()) {
      const auto found = map->find(arguments[i].print());
      at = found == map->end() ? Value("") : found->second;
      continue;
    }
    const auto* list = at.list();
    const auto* position = arguments[i].integer();
    if (list == nullptr || position == nullptr || *position < 0 || static_cast<size_t>(*position) >= list->size())
      return Error::invalid("index " + arguments[i].print() + " out of range");
    at = Value((*list)[static_cast<size_t>(*position)]);
  }
  return at;
}

Result<Value> args(const Arguments& arguments, const Environment&) {
  Value::Map map;
  for (size_t i = 0; i < arguments.size(); ++i) map["arg" + std::to_string(i)] = arguments[i];
  return Value::map(std::move(map));
}

// ---- samples, as `query` gives them --------------------------------------------------------------------------------------

Result<Value> query(const Arguments& arguments, const Environment& environment) {
  if (!environment.query) return Error::invalid("query is not available here");
  return environment.query(arguments[0].print());
}

Result<Value> first(const Arguments& arguments, const Environment&) {
  const auto* list = arguments[0].list();
  if (list == nullptr || list->empty()) return Error::invalid("first() called on vector with no elements");
  return list->front();
}

Result<Value> member(const Value& sample, const char* name) {
  const auto* map = sample.map();
  const auto found = map == nullptr ? Value::Map::const_iterator() : map->find(name);
  if (map == nullptr || found == map->end()) return Error::invalid(std::string("not a sample: it has no ") + name);
  return found->second;
}

Result<Value> label_of(const Value& sample, const std::string& name) {
  const auto labels = member(sample, "Labels");
  if (!labels) return labels.error();
  const auto* map = labels->map();
  if (map == nullptr) return Error::invalid("not a sample");
  const auto found = map->find(name);
  return found == map->end() ? Value("") : found->second;
}

Result<Value> label(const Arguments& arguments, const Environment&) { return label_of(arguments[1], arguments[0].print()); }
Result<Value> value(const Arguments& arguments, const Environment&) { return member(arguments[0], "Value"); }
Result<Value> strvalue(const Arguments& arguments, const Environment&) { return label_of(arguments[0], "__value__"); }

Result<Value> sort_by_label(const Arguments& arguments, const Environment&) {
  const auto* list = arguments[1].list();
  if (list == nullptr) return Error::invalid("sortByLabel of " + std::string(arguments[1].type_name()));
  const std::string name = arguments[0].print();
  std::vector<std::pair<std::string, Value>> keyed;
  for (const Value& sample : *list) {
    const auto key = label_of(sample, name);
    if (!key) return key.error();
    keyed.emplace_back(key->print(), sample);
  }
  std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Value::List sorted;
  for (auto& [key, sample] : keyed) sorted.push_back(std::move(sample));
  return Value::list(std::move(sorted));
}

// ---- text ----------------------------------------------------------------------------------------------------------------

std::string escape(std::string_view text, bool (*keeps)(char), const char* hex) {
  std::string out;
  for (const char c : text) {
    if (keeps(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(hex[byte >> 4U]);
      out.push_back(hex[byte & 15U]);
    }
  }
  return out;
}

bool unreserved(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' || c == '~'; }

std::string query_escape(const std::string& text) {
  std::string out = escape(text, [](char c) { return unreserved(c) || c == ' '; }, "0123456789ABCDEF");
  std::replace(out.begin(), out.end(), ' ', '+');
  return out;
}

Result<Value> url_query_escape(const Arguments& arguments, const Environment&) { return Value(query_escape(arguments[0].print())); }

std::string escape_html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

std::string title_case(const std::string& text) {
  std::string out = text;
  bool begins = true;
  for (char& c : out) {
    if (begins) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    begins = std::isspace(static_cast<unsigned char>(c)) != 0;
  }
  return out;
}

std::string mapped(std::string text, int (*change)(int)) {
  for (char& c : text) c = static_cast<char>(change(static_cast<unsigned char>(c)));
  return text;
}

/// Go's $1 and ${name} as RE2's \1; `$$` is a dollar.
std::string rewrite_of(const std::string& replacement) {
  std::string out;
  for (size_t i = 0; i < replacement.size(); ++i) {
    const char c = replacement[i];
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '$' && i + 1 < replacement.size() && replacement[i + 1] == '$') {
      out += '$';
      ++i;
    } else if (c == '$' && i + 1 < replacement.size() && std::isdigit(static_cast<unsigned char>(replacement[i + 1])) != 0) {
      out += '\\';
      out += replacement[++i];
    } else if (c == '$' && i + 3 < replacement.size() && replacement[i + 1] == '{' && replacement[i + 3] == '}') {
      out += '\\';
      out += replacement[i + 2];
      i += 3;
    } else {
      out += c;
    }
  }
  return out;
}

Result<Value> re_replace_all(const Arguments& arguments, const Environment&) {
  const RE2 pattern(arguments[0].print(), RE2::Quiet);
  if (!pattern.ok()) return Error::invalid("regular expression: " + pattern.error());
  std::string text = arguments[2].print();
  const std::string rewrite = rewrite_of(arguments[1].print());
  std::string problem;
  if (!pattern.CheckRewriteString(rewrite, &problem)) return Error::invalid("replacement: " + problem);
  RE2::GlobalReplace(&text, pattern, rewrite);
  return Value(std::move(text));
}

Result<Value> match(const Arguments& arguments, const Environment&) {
  const RE2 pattern(arguments[0].print(), RE2::Quiet);
  if (!pattern.ok()) return Error::invalid("regular expression: " + pattern.error());
  return Value(RE2::PartialMatch(arguments[1].print(), pattern));
}

Result<Value> strip_port(const Arguments& arguments, const Environment&) {
  const std::string text = arguments[0].print();
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || text.find(':') != colon) {
    if (!text.empty() && text.front() == '[' && text.find("]:") != std::string::npos)
      return Value(text.substr(1, text.find("]:") - 1));
    return Value(text);
  }
  return Value(text.substr(0, colon));
}

Result<Value> strip_domain(const Arguments& arguments, const Environment&) {
  const std::string text = arguments[0].print();
  const size_t colon = text.find(':');
  const std::string host = text.substr(0, colon);
  const bool address = host.find_first_not_of("0123456789.") == std::string::npos;
  const std::string name = address ? host : host.substr(0, host.find('.'));
  return Value(colon == std::string::npos ? name : name + text.substr(colon));
}

Result<Value> parse_duration(const Arguments& arguments, const Environment&) {
  static const std::map<std::string, double> kUnits = {{"ms", 0.001}, {"s", 1},      {"m", 60},      {"h", 3600},
                                                       {"d", 86400},  {"w", 604800}, {"y", 31536000}};
  const std::string text = arguments[0].print();
  double seconds = 0;
  size_t at = 0;
  while (at < text.size()) {
    size_t used = at;
    while (used < text.size() && std::isdigit(static_cast<unsigned char>(text[used])) != 0) ++used;
    size_t end = used;
    while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end])) != 0) ++end;
    const auto unit = kUnits.find(text.substr(used, end - used));
    if (used == at || used - at > 15 || unit == kUnits.end())
      return Error::invalid("not a valid duration string: \"" + text + "\"");
    seconds += static_cast<double>(std::stoll(text.substr(at, used - at))) * unit->second;
    at = end;
  }
  if (text.empty()) return Error::invalid("empty duration string");
  return Value(seconds);
}

// ---- printing ------------------------------------------------------------------------------------------------------------

Result<std::string> directive(const std::string& flags, char verb, const Value& argument) {
  std::array<char, 512> buffer{};
  const auto sized = [&](int size) {
    return std::string(buffer.data(), std::min(static_cast<size_t>(std::max(size, 0)), buffer.size() - 1));
  };
  if (flags.size() > 12) return Error::invalid("printf: the flags \"" + flags + "\" are too long");
  switch (verb) {
    case 'v':
    case 's':
      return sized(
          std::snprintf(buffer.data(), buffer.size(), ("%" + flags + "s").c_str(), argument.print().substr(0, 500).c_str()));
    case 'q':
      return "\"" + argument.print() + "\"";
    case 't':
      return std::string(argument.truthy() ? "true" : "false");
    case 'd':
    case 'x':
    case 'X':
    case 'o':
    case 'c': {
      const auto value = number(argument);
      if (!value) return value.error();
      return sized(std::snprintf(buffer.data(), buffer.size(), ("%" + flags + "ll" + (verb == 'c' ? 'd' : verb)).c_str(),
                                 static_cast<long long>(*value)));
    }
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G': {
      const auto value = number(argument);
      if (!value) return value.error();
      if (std::isnan(*value) || std::isinf(*value)) return print_float(*value);
      return sized(std::snprintf(buffer.data(), buffer.size(), ("%" + flags + verb).c_str(), *value));
    }
    default:
      return Error::invalid(std::string("printf: unknown verb %") + verb);
  }
}

Result<Value> print_formatted(const Arguments& arguments, const Environment&) {
  const std::string format = arguments[0].print();
  std::string out;
  size_t next = 1;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out.push_back(format[i]);
      continue;
    }
    size_t verb = i + 1;
    while (verb < format.size() && std::string_view("+-# 0123456789.").find(format[verb]) != std::string_view::npos) ++verb;
    if (verb >= format.size()) return Error::invalid("printf: the format ends within a directive");
    if (format[verb] == '%') {
      out.push_back('%');
    } else {
      if (next >= arguments.size()) return Error::invalid("printf: not enough arguments for \"" + format + "\"");
      const auto text = directive(format.substr(i + 1, verb - i - 1), format[verb], arguments[next++]);
      if (!text) return text.error();
      out += *text;
    }
    i = verb;
  }
  return Value(std::move(out));
}

Result<Value> print_all(const Arguments& arguments, const Environment&) {
  std::string out;
  for (size_t i = 0; i < arguments.size(); ++i) {
    // Go's Sprint: a space between operands when neither is a string.
    if (i > 0 && arguments[i].string() == nullptr && arguments[i - 1].string() == nullptr) out += ' ';
    out += arguments[i].print();
  }
  return Value(std::move(out));
}

Result<Value> print_line(const Arguments& arguments, const Environment&) {
  std::string out;
  for (const Value& argument : arguments) out += (out.empty() ? "" : " ") + argument.print();
  return Value(out + "\n");
}

template <class Change>
Result<Value> text(const Arguments& arguments, Change&& change) {
  return Value(change(arguments[0].print()));
}

std::string path_prefix(const std::string& url) {
  const size_t scheme = url.find("://");
  const size_t path = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  return path == std::string::npos ? "" : url.substr(path);
}

const std::map<std::string_view, Entry>& table() {
  static const std::map<std::string_view, Entry> kTable = {
      {"and", {1, kAny, nullptr}},
      {"or", {1, kAny, nullptr}},
      {"not", {1, 1, [](const Arguments& a, const Environment&) -> Result<Value> { return Value(!a[0].truthy()); }}},
      {"eq", {2, kAny, equal}},
      {"ne", {2, 2, ordered<is_ne>}},
      {"lt", {2, 2, ordered<is_lt>}},
      {"le", {2, 2, ordered<is_le>}},
      {"gt", {2, 2, ordered<is_gt>}},
      {"ge", {2, 2, ordered<is_ge>}},
      {"len", {1, 1, length}},
      {"index", {1, kAny, index}},
      {"args", {0, kAny, args}},
      {"print", {0, kAny, print_all}},
      {"println", {0, kAny, print_line}},
      {"printf", {1, kAny, print_formatted}},
      {"html", {1, 1, [](const Arguments& a, const Environment&) { return text(a, escape_html); }}},
      {"safeHtml", {1, 1, [](const Arguments& a, const Environment&) -> Result<Value> { return a[0]; }}},
      {"urlquery", {1, 1, url_query_escape}},
      {"urlQueryEscape", {1, 1, url_query_escape}},
      {"query", {1, 1, query}},
      {"first", {1, 1, first}},
      {"label", {2, 2, label}},
      {"value", {1, 1, value}},
      {"strvalue", {1, 1, strvalue}},
      {"sortByLabel", {2, 2, sort_by_label}},
      {"humanize", {1, 1, formatted<humanize>}},
      {"humanize1024", {1, 1, formatted<humanize1024>}},
      {"humanizeDuration", {1, 1, formatted<humanize_duration>}},
      {"humanizePercentage", {1, 1, formatted<humanize_percentage>}},
      {"humanizeTimestamp", {1, 1, formatted<humanize_timestamp>}},
      {"parseDuration", {1, 1, parse_duration}},
      {"title", {1, 1, [](const Arguments& a, const Environment&) { return text(a, title_case); }}},
      {"toUpper",
       {1, 1,
        [](const Arguments& a, const Environment&) {
          return text(a, [](std::string t) { return mapped(std::move(t), std::toupper); });
        }}},
      {"toLower",
       {1, 1,
        [](const Arguments& a, const Environment&) {
          return text(a, [](std::string t) { return mapped(std::move(t), std::tolower); });
        }}},
      {"reReplaceAll", {3, 3, re_replace_all}},
      {"match", {2, 2, match}},
      {"stripPort", {1, 1, strip_port}},
      {"stripDomain", {1, 1, strip_domain}},
      {"now",
       {0, 0, [](const Arguments&, const Environment& e) -> Result<Value> { return Value(static_cast<double>(e.now_ns) / 1e9); }}},
      {"externalURL", {0, 0, [](const Arguments&, const Environment& e) -> Result<Value> { return Value(e.external_url); }}},
      {"pathPrefix",
       {0, 0, [](const Arguments&, const Environment& e) -> Result<Value> { return Value(path_prefix(e.external_url)); }}},
      {"graphLink",
       {1, 1,
        [](const Arguments& a, const Environment&) -> Result<Value> {
          return Value("/graph?g0.expr=" + query_escape(a[0].print()) + "&g0.tab=0");
        }}},
      {"tableLink",
       {1, 1,
        [](const Arguments& a, const Environment&) -> Result<Value> {
          return Value("/graph?g0.expr=" + query_escape(a[0].print()) + "&g0.tab=1");
        }}},
  };
  return kTable;
}

}  // namespace

bool is_function(std::string_view name) { return table().contains(name); }

Result<Value> call_function(std::string_view name, const std::vector<Value>& arguments, const Environment& environment) {
  const auto found = table().find(name);
  if (found == table().end() || found->second.function == nullptr)
    return Error::invalid("function \"" + std::string(name) + "\" is not defined");
  const Entry& entry = found->second;
  if (arguments.size() < entry.least || arguments.size() > entry.most)
    return Error::invalid(std::string(name) + ": wrong number of arguments: " + std::to_string(arguments.size()));
  auto result = entry.function(arguments, environment);
  if (!result) return std::move(result).error().in(name);
  return result;
}

}  // namespace tarsier::tmpl
