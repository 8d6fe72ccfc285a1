#include "base/unicode_class.h"

namespace fathom {

#include "base/unicode_class_table.inc"

}  // namespace fathom
