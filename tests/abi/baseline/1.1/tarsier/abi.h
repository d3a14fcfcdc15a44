/* tarsier/abi.h - the whole contract between the host and a plugin, in C99. See docs/plugin-guide.md for a walk through it; services that
 * plugins offer to one another are in tarsier/service/. A C++ author includes tarsier/plugin.hpp instead. */
#ifndef TARSIER_ABI_H
#define TARSIER_ABI_H
#include "abi/batch.h"
#include "abi/bus.h"
#include "abi/clock.h"
#include "abi/config.h"
#include "abi/control.h"
#include "abi/log.h"
#include "abi/metrics.h"
#include "abi/module.h"
#include "abi/scheduler.h"
#include "abi/services.h"
#include "abi/storage.h"
#include "abi/types.h"
#endif
