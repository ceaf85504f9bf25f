import type { MigrationRequest } from '../../../../src/api/types';
import { CONTROLLER_BRANCHES } from '../../../../src/protocol/branches';
import type { ControllerBranch } from '../../../../src/protocol/branches';
import { decideController } from '../../../../src/protocol/controller/decide';
import type { ControllerObservation } from '../../../../src/protocol/controller/step';
import type { Examples } from '../example';
import { expectStep, rowsOf } from '../example';
import { admissionExamples } from './admission-examples';
import { advanceExamples } from './advance-examples';
import { forwardExamples } from './forward-examples';
import { memoryExamples } from './memory-examples';
import { seen } from './observations';
import { outcomeExamples } from './outcome-examples';
import { targetExamples } from './target-examples';

const examples: Examples<ControllerBranch, ControllerObservation, MigrationRequest> = {
  ...admissionExamples,
  ...forwardExamples,
  ...advanceExamples,
  ...targetExamples,
  ...outcomeExamples,
  ...memoryExamples,
};

describe('the controller', () => {
  test.each(rowsOf(examples, CONTROLLER_BRANCHES))('$title', ({ because, example }) => {
    expectStep(decideController(example.object, example.seen ?? seen()), because, example);
  });
});
