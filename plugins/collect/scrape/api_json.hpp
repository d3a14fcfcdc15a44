// What the bodies of the APIs have in common.
#pragma once

#include "plugins/lib/json/json_writer.hpp"

namespace tarsier::scrape {

/// The envelope up to where the data begins; a second end_object() closes it.
inline json::Writer& begin_success(json::Writer& out) { return out.begin_object().key("status").string("success").key("data"); }

template <class Map>
void write_labels(json::Writer& out, const Map& labels) {
  out.begin_object();
  for (const auto& [name, value] : labels) out.key(name).string(value);
  out.end_object();
}

}  // namespace tarsier::scrape
