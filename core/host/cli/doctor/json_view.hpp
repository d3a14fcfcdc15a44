// Reading answers of a running host: what is not there, or of another kind, reads as empty.
#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace tarsier::host::cli {

inline const boost::json::value* member(const boost::json::value& of, std::string_view key) {
  return of.is_object() ? of.get_object().if_contains({key.data(), key.size()}) : nullptr;
}

inline std::string text_at(const boost::json::value& of, std::string_view key) {
  const boost::json::value* found = member(of, key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

inline double number_at(const boost::json::value& of, std::string_view key) {
  const boost::json::value* found = member(of, key);
  return found != nullptr && found->is_number() ? found->to_number<double>() : 0;
}

inline const boost::json::array& array_at(const boost::json::value& of, std::string_view key) {
  static const boost::json::array none;
  const boost::json::value* found = member(of, key);
  return found != nullptr && found->is_array() ? found->get_array() : none;
}

inline const boost::json::array& array_of(const boost::json::value& value) {
  static const boost::json::array none;
  return value.is_array() ? value.get_array() : none;
}

/// {a="1", b="2"}
std::string labels_text(const boost::json::value& labels);

}  // namespace tarsier::host::cli
