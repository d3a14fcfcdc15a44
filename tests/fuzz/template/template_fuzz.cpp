// Any text as a template: parsing and rendering end, with a result or an error.
#include "plugins/lib/template/execute.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tarsier::tmpl;
  static constexpr std::string_view kVariables[] = {"$labels", "$value"};
  const auto parsed = parse({reinterpret_cast<const char*>(data), size}, kVariables);
  if (!parsed) return 0;
  const Value labels = Value::map({{"instance", "web-1:9100"}, {"job", "node"}});
  const Value dot = Value::map({{"Labels", labels}, {"Value", Value(0.5)}, {"List", Value::list({Value("a"), Value(int64_t{2})})}});
  (void)execute(*parsed, dot, {{"$labels", labels}, {"$value", Value(0.5)}}, {});
  return 0;
}
