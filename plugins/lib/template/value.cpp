#include "plugins/lib/template/value.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace tarsier::tmpl {

const Value::List* Value::list() const noexcept {
  const auto* held = std::get_if<std::shared_ptr<const List>>(&state_);
  return held == nullptr ? nullptr : held->get();
}

const Value::Map* Value::map() const noexcept {
  const auto* held = std::get_if<std::shared_ptr<const Map>>(&state_);
  return held == nullptr ? nullptr : held->get();
}

bool Value::truthy() const noexcept {
  if (const bool* value = boolean()) return *value;
  if (const int64_t* value = integer()) return *value != 0;
  if (const double* value = real()) return *value != 0;
  if (const std::string* value = string()) return !value->empty();
  if (const List* value = list()) return !value->empty();
  if (const Map* value = map()) return !value->empty();
  return false;
}

bool Value::to_number(double& out) const noexcept {
  if (const int64_t* value = integer()) {
    out = static_cast<double>(*value);
    return true;
  }
  if (const double* value = real()) {
    out = *value;
    return true;
  }
  const std::string* value = string();
  if (value == nullptr || value->empty()) return false;
  char* end = nullptr;
  out = std::strtod(value->c_str(), &end);
  return end == value->c_str() + value->size();
}

std::string Value::print() const {
  if (is_nil()) return "<no value>";
  if (const bool* value = boolean()) return *value ? "true" : "false";
  if (const int64_t* value = integer()) return std::to_string(*value);
  if (const double* value = real()) return print_float(*value);
  if (const std::string* value = string()) return *value;
  std::string text;
  if (const List* items = list()) {
    for (const Value& item : *items) text += (text.empty() ? "" : " ") + item.print();
    return "[" + text + "]";
  }
  for (const auto& [key, item] : *map()) text += (text.empty() ? "" : " ") + key + ":" + item.print();
  return "map[" + text + "]";
}

std::string_view Value::type_name() const noexcept {
  static constexpr std::string_view kNames[] = {"nil", "bool", "int", "float64", "string", "list", "map"};
  return kNames[state_.index()];
}

std::string print_float(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[400];
  const double magnitude = std::fabs(value);
  const bool exponent = value != 0 && (magnitude < 1e-4 || magnitude >= 1e21);
  const auto format = exponent ? std::chars_format::scientific : std::chars_format::fixed;
  const auto done = std::to_chars(buffer, buffer + sizeof(buffer), value, format);
  return {buffer, done.ptr};
}

}  // namespace tarsier::tmpl
