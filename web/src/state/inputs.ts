// The inputs of the home that is looked at.

import { inputList } from '../server/inputs';
import { live } from './live';

export const inputs = live(inputList);
